"""phi (see the design)"""
