"""Where tracked addresses lead: answers, the pages that visitors see, the click log, and the same as static files."""
