"""Every table of the store, an area a module; `metadata` is what migrations are made from."""

from sqlalchemy import MetaData

metadata = MetaData()
