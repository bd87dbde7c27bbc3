"""server (see the design)"""
