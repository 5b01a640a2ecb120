"""One file per platform account. Imported only when configured: some bring seconds of imports with them."""
