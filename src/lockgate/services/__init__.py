"""What happens in a transaction of the store: units, and what is read beside them. No protocol, no socket.

`approvals/`, `accounts/` and `catalog/` change their tables; `log*` keep, read and verify the log; `evidence/` and
`backup` hand it out; `shapes`, `sessions` and `views` serve the pipeline. A change and its events are one transaction.
"""
