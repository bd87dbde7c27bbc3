"""The process: one configuration file in, gateways and HTTP API listening, everything stopped in order.

`config` reads and checks the file, `assemble` puts the services together, `serve` listens; `api/` is the HTTP API;
`keeping` is backup, restore and upgrade. What is wrong is said before anything listens.
"""
