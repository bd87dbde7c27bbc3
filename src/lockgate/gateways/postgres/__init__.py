"""The PostgreSQL gateway: any client connects as if it were the server; nothing is installed on either side.

`gateway` listens and lets clients in; a `connection` is one configured upstream. A message's way through the folders:

    wire        bytes in
    session     batches that are decided whole, and what the session has open
      classify    what kind of statement it is
      resolve     which tables, views and functions it means: the server says so, on a side connection
      lineage     which outputs carry PHI
      deciding    policy, people, leave to run it
    wire        bytes upstream
    answers     what the server says, in order
    masking     rows as this client may see them

`settings` says which settings a client may change; `settling` asks what became of an execution that nobody saw end.
"""
