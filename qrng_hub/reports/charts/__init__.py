"""The charts of a comparison, a module a family; each comes with its caption and the same as a table."""
