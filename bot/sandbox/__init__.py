"""A loopback Discord: gateway, REST, CDN and a chat page in one process, for the demo and the end-to-end tests.

It imports nothing of `bot` and holds its whole state in memory. `sandbox.Sandbox` is the door; `world` is the state,
`rest_*` and `gateway` are the bot's side of it, `speaking` and `pressing` are the members' side, `page_api` the page's.
"""
