"""The HTML pages: templates and wording as data, and what little code fills them."""
