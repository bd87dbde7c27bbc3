"""services (see the design)"""
