"""One command per claim in the docs: python -m benchmarks.NAME"""
