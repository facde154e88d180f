"""The command `googlenet`: one thin file a verb. A verb imports what it needs when it runs."""

import gc

# A command's start makes objects by the hundred thousand, and they stay: to look through them for garbage as often as
# is usual took a ninth of the time to the first label.
gc.set_threshold(50_000)
