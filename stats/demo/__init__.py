"""Code lists and a good half-year of contacts, so that the reports have something to say."""

from stats.demo.ledger import create_demo

__all__ = ["create_demo"]
