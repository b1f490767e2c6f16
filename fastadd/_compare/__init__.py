"""What `python -m fastadd` does, and what the tests and the benchmark share with it.
`import fastadd` imports nothing of this."""
