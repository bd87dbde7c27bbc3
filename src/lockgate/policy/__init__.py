"""policy (see the design)"""
