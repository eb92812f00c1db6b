"""Methods of credit assignment, one file each, behind the seam in `baselines/seam.py`."""
