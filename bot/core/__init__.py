"""Pure rules: no Discord, no SQL, no clock. Frozen values in, frozen values out."""
