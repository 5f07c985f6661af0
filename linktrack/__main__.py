"""python -m linktrack."""

from linktrack.cli.app import main

main()
