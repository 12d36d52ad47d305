"""The digit is taken from a column that the training table does not have."""

import csv
from pathlib import Path


def predict(inputs_dir, output_path):
    with open(Path(inputs_dir, "train.csv")) as file:
        rows = list(csv.DictReader(file))
    print(f"{len(rows)} rows, columns {', '.join(list(rows[0])[:4])} ...")
    labels = [int(row["label"]) for row in rows]
    print(f"{len(set(labels))} digits")
