"""demo (see the design)"""
