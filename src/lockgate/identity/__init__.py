"""identity (see the design)"""
