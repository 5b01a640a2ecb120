"""How fast it is, as ratios against peers and floors started beside it: `make bench`. See docs/performance.md."""
