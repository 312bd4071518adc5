"""Diagrams drawn from the model: state machines, sequences, layouts, key schedules."""
