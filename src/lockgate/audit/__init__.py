"""audit (see the design)"""
