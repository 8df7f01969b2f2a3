"""Progress tracks: tiers, scales, stamp cards, achievements, challenges, streaks and badges, all of them one object."""
