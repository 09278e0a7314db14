# The log view
