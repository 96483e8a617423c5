"""Does the ranking after few epochs predict the final one (Yu et al. 2020, Fig. 7)?"""
