"""store (see the design)"""
