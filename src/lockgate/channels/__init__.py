"""Where people are asked and told. A channel is a way to be told; what counts is decided by the approvals service.

In: messages of the outbox. Out: deliveries, retried until they arrive or are given up. It never carries PHI, and a
link in a message is an address, not a credential.
"""
