"""approvals (see the design)"""
