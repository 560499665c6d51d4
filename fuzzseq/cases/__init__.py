"""Cases: what a model is run on, how it is drawn and edited, and the arrays it becomes."""
