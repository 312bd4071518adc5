"""Proofs about the tables, symbolic terms, exploration."""
