"""The protocol held against a model, and the parser of its frames against whatever may come."""
