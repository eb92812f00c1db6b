"""The stages of the pipeline, one linear file each: pretrain, sft, explore, estimator, train."""
