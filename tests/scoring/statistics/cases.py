"""Values with a known answer, computed independently of the library (scipy, enumeration, or from the definition)."""

RANK_SCORES = [0.9, 0.895, 0.88, 0.86, 0.859]
RANK_COVARIANCE = [
    [1.6e-05, 9.6e-06, 1.2e-05, 9.6e-06, 1.44e-05],
    [9.6e-06, 1.6e-05, 1.2e-05, 9.6e-06, 1.44e-05],
    [1.2e-05, 1.2e-05, 2.5e-05, 1.2e-05, 1.8e-05],
    [9.6e-06, 9.6e-06, 1.2e-05, 1.6e-05, 1.44e-05],
    [1.44e-05, 1.44e-05, 1.8e-05, 1.44e-05, 3.6e-05],
]
