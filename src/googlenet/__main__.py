"""`python -m googlenet`: the command, where its script is not on the path."""

from googlenet.cli.main import main

if __name__ == "__main__":
    main()
