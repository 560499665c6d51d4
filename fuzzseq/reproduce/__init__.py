"""Scripts that reproduce a finding with numpy, TensorFlow and the user's factory alone."""
