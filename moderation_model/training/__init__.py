"""From public files to a model folder: recipe, rows, trainer, calibration, thresholds."""
