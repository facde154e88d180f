"""The command `googlenet`: one thin file a verb. A verb imports what it needs when it runs."""
