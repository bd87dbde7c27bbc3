"""channels (see the design)"""
