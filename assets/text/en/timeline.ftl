# The timeline
