"""Running what participants send (code, notebooks, models, images) on a folder of data, to get predictions.

``entries`` says before the run what is wrong with what was sent; ``predicting`` starts the run in
a sandbox and tells what became of it; ``streaming`` feeds a table in batches. In the folder ``inside`` are the scripts
that run in the sandbox, which is /runner there: plain scripts for any Python from 3.11 on, which need nothing of ours.
"""
