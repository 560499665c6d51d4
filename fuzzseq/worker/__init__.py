"""The worker: the only place with TensorFlow. It runs in processes of its own, which may die without harm."""
