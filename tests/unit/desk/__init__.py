"""The desk on both databases: ownership, queue, routing, rights."""
