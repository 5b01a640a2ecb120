"""The same conversation as an ordinary good programmer would write it with the two libraries."""
