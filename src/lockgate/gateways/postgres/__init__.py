"""gateways/postgres (see the design)"""
