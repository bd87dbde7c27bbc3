"""gateways (see the design)"""
