"""The classes of things that lie about in a house, and where they belong; where they are is drawn for every task."""

from __future__ import annotations

import functools

from spa_gym.envs.virtualhome.world.object_class import ObjectClass, thing

__all__ = ["things"]

_PROPS, _FOOD, _CLOTHES, _DECOR, _ELECTRONICS = "Props", "Food", "Clothes", "Decor", "Electronics"
_SHELVES = (
    "in kitchen_cabinet 4, in cupboard 3, on kitchen_counter 2, on table 1, in sink 1, in dishwasher 1, on dishrack 1"
)
_CUTLERY = (
    "in kitchen_cabinet 3, in cupboard 2, on kitchen_counter 3, on table 1, in sink 1, in dishwasher 1, on dishrack 1"
)
_PANS = "in kitchen_cabinet 3, on kitchen_counter 2, on stove 2, in sink 1, on dishrack 1"
_COLD = "in fridge 6, on kitchen_counter 2, on table 1"
_FROZEN = "in fridge 3, in freezer 5, on kitchen_counter 1"
_DRY = "on kitchen_counter 3, in kitchen_cabinet 2, in cupboard 1, on table 2, on pantry 3"
_FRUIT = "on kitchen_counter 3, on table 3, in fridge 2, on coffee_table 1, on pantry 1"
_BOOKS = "on bookshelf 5, on nightstand 2, on desk 2, on coffee_table 2, in nightstand 1"
_PAPERS = "on coffee_table 3, on table 2, on desk 2, on sofa 1"
_OFFICE = "on desk 5, in filing_cabinet 4, on bookshelf 1, on table 1"
_WARDROBE = "in closet 5, in dresser 4, on bed 1, in basket_for_clothes 1"
_HALL = "in closet 5, on shoe_rack 2, on bed 1, on sofa 1"
_BATH = "in bathroom_cabinet 5, on bathroom_counter 3, in sink 1"
_TOWELS = "on towel_rack 4, in bathroom_cabinet 3, on bathroom_counter 1"
_LAUNDRY = "in closet 3, in dresser 3, in basket_for_clothes 3, on bed 2"
_HANDY = "on coffee_table 2, on table 2, on nightstand 2, on desk 2, on kitchen_counter 1, on tvstand 1"
_CHARGED = "on nightstand 3, on desk 3, on coffee_table 2, on table 1, in nightstand 1"
_BOTTLES = "in fridge 4, in cupboard 2, in kitchen_cabinet 2, on table 1, on pantry 1"


@functools.cache
def things() -> dict[str, ObjectClass]:
    """Name -> class of things, in a fixed order."""
    dish, paper = "RECIPIENT POURABLE", "READABLE HAS_PAPER"
    food, book = "EATABLE CUTTABLE", "CUTTABLE CAN_OPEN READABLE HAS_PAPER"
    drink, cream = "DRINKABLE POURABLE", "POURABLE CREAM"
    return {
        # dishes
        "plate": thing(_PROPS, "SURFACES RECIPIENT", _SHELVES, 0.3, small=True),
        "bowl": thing(_PROPS, "RECIPIENT", _SHELVES, 0.3, small=True),
        "mug": thing(_PROPS, dish, _SHELVES, 0.3, small=True),
        "drinking_glass": thing(_PROPS, dish, _SHELVES, 0.3, small=True),
        "cup": thing(_PROPS, dish, _SHELVES, 0.3),
        "coffee_cup": thing(_PROPS, dish, _SHELVES, 0.3),
        "wine_glass": thing(_PROPS, dish, _SHELVES, 0.2),
        "measuring_cup": thing(_PROPS, dish, _SHELVES, 0.2),
        "fork": thing(_PROPS, "", _CUTLERY, 0.3, small=True),
        "spoon": thing(_PROPS, "", _CUTLERY, 0.3, small=True),
        "knife": thing(_PROPS, "", _CUTLERY, 0.3, small=True),
        "wooden_spoon": thing(_PROPS, "", _CUTLERY, 0.2),
        "fryingpan": thing(_PROPS, "RECIPIENT", _PANS, 0.3, small=True),
        "cookingpot": thing(_PROPS, "RECIPIENT CAN_OPEN", _PANS, 0.3),
        "colander": thing(_PROPS, "RECIPIENT", _PANS, 0.2),
        "cutting_board": thing(_PROPS, "SURFACES", "on kitchen_counter 4, in kitchen_cabinet 2", 0.2),
        "tray": thing(_PROPS, "SURFACES", "on kitchen_counter 3, on table 1, in kitchen_cabinet 1"),
        "kettle": thing("Appliances", "RECIPIENT HAS_SWITCH HAS_PLUG", "on kitchen_counter 1"),
        "napkin": thing(_PROPS, "COVER_OBJECT HAS_PAPER", "on kitchen_counter 2, in cupboard 2, in kitchen_cabinet 2"),
        "dish_soap": thing(_PROPS, cream, "on kitchen_counter 3, in kitchen_cabinet 2"),
        "sponge": thing(_PROPS, "", "in sink 2, on kitchen_counter 2, in kitchen_cabinet 1", small=True),
        "rag": thing(_PROPS, "RECIPIENT COVER_OBJECT", "on kitchen_counter 2, in bathroom_cabinet 2", 0.4),
        # food and drinks
        "food_apple": thing(_FOOD, food, _FRUIT, small=True),
        "food_banana": thing(_FOOD, food, _FRUIT, small=True),
        "food_orange": thing(_FOOD, food, _FRUIT),
        "food_lemon": thing(_FOOD, food, _FRUIT),
        "food_bread": thing(_FOOD, food, _DRY, small=True),
        "food_cake": thing(_FOOD, food, _COLD, small=True),
        "food_cereal": thing(_FOOD, "EATABLE POURABLE CAN_OPEN", _DRY),
        "food_snack": thing(_FOOD, "EATABLE", _DRY, small=True),
        "food_rice": thing(_FOOD, "EATABLE POURABLE", _DRY),
        "food_potato": thing(_FOOD, food, _DRY),
        "food_onion": thing(_FOOD, food, _DRY),
        "food_cheese": thing(_FOOD, food + " CREAM", _COLD, small=True),
        "food_egg": thing(_FOOD, food, _COLD),
        "food_carrot": thing(_FOOD, food, _COLD, small=True),
        "food_chicken": thing(_FOOD, food, _COLD, small=True),
        "food_fish": thing(_FOOD, food, _FROZEN),
        "food_pizza": thing(_FOOD, food, _FROZEN, small=True),
        "food_vegetable": thing(_FOOD, food, _FROZEN),
        "food_dessert": thing(_FOOD, food, _COLD),
        "milk": thing(_FOOD, drink + " CAN_OPEN", _COLD, small=True),
        "juice": thing(_FOOD, drink, _COLD, small=True),
        "beer": thing(_FOOD, drink + " CAN_OPEN", _BOTTLES),
        "wine": thing(_FOOD, drink, _BOTTLES, small=True),
        "tea": thing(_FOOD, drink, _DRY),
        "coffee": thing(_FOOD, drink, _DRY),
        # books, papers, office
        "book": thing(_PROPS, book, _BOOKS, small=True),
        "novel": thing(_PROPS, book, _BOOKS, small=True),
        "textbook": thing(_PROPS, book, _BOOKS),
        "notebook": thing(_PROPS, book, _OFFICE, small=True),
        "magazine": thing(_PROPS, "CAN_OPEN " + paper, _PAPERS, small=True),
        "newspaper": thing(_PROPS, "CAN_OPEN READABLE COVER_OBJECT HAS_PAPER", _PAPERS, small=True),
        "mail": thing(_PROPS, "CAN_OPEN " + paper, _PAPERS),
        "bills": thing(_PROPS, "CUTTABLE " + paper, _OFFICE),
        "document": thing(_PROPS, paper, _OFFICE),
        "folder": thing(_PROPS, "CAN_OPEN CONTAINERS " + paper, _OFFICE),
        "pen": thing(_PROPS, "", _OFFICE, small=True),
        "pencil": thing(_PROPS, "", _OFFICE),
        "scissors": thing(_PROPS, "", _OFFICE),
        "laptop": thing(_ELECTRONICS, "HAS_SWITCH LOOKABLE HAS_PLUG", _CHARGED),
        # what one carries about
        "cellphone": thing(_ELECTRONICS, "HAS_SWITCH HAS_PLUG", _CHARGED, small=True),
        "remote_control": thing(_ELECTRONICS, "HAS_SWITCH", "on coffee_table 4, on tvstand 3, on sofa 1", small=True),
        "keys": thing(_PROPS, "", _HANDY, small=True),
        "purse": thing(_PROPS, "RECIPIENT CAN_OPEN CONTAINERS COVER_OBJECT", _HANDY),
        "spectacles": thing(_CLOTHES, "CLOTHES", _CHARGED, small=True),
        "headset": thing(_ELECTRONICS, "CLOTHES", "on desk 4, in filing_cabinet 1, on bookshelf 1"),
        "alarm_clock": thing(_ELECTRONICS, "HAS_SWITCH LOOKABLE HAS_PLUG", "on nightstand 1"),
        "candle": thing(_DECOR, "HAS_SWITCH", "on table 2, on coffee_table 2, on bookshelf 1"),
        "toy": thing(_DECOR, "", "on sofa 1, on bed 1, on bookshelf 2, on coffee_table 2", small=True),
        "board_game": thing(_PROPS, "SURFACES LOOKABLE", "on bookshelf 3, on coffee_table 1, in closet 1"),
        "cards": thing(_PROPS, "CUTTABLE HAS_PAPER", "on coffee_table 2, on bookshelf 1, on table 1"),
        "cd": thing(_PROPS, "", "on tvstand 2, on bookshelf 2, on desk 1"),
        # bedding
        "pillow": thing(_DECOR, "", "on bed 3, on sofa 2, in closet 2", small=True),
        "blanket": thing(_DECOR, "HANGABLE COVER_OBJECT", "in closet 3, on bed 2, on sofa 1", small=True),
        "sheets": thing(_DECOR, "COVER_OBJECT", "in closet 3, in dresser 2, on bed 1", 0.3),
        # clothes
        "clothes_shirt": thing(_CLOTHES, "HANGABLE CLOTHES", _LAUNDRY, 0.3, small=True),
        "clothes_pants": thing(_CLOTHES, "HANGABLE CLOTHES", _LAUNDRY, 0.3, small=True),
        "clothes_socks": thing(_CLOTHES, "HANGABLE CLOTHES", _LAUNDRY, 0.3, small=True),
        "clothes_dress": thing(_CLOTHES, "HANGABLE CLOTHES", _LAUNDRY, 0.2),
        "clothes_skirt": thing(_CLOTHES, "HANGABLE CLOTHES", _LAUNDRY, 0.2),
        "clothes_underwear": thing(_CLOTHES, "HANGABLE CLOTHES", _LAUNDRY, 0.2),
        "clothes_jacket": thing(_CLOTHES, "HANGABLE CLOTHES", _HALL, small=True),
        "clothes_hat": thing(_CLOTHES, "HANGABLE CLOTHES", _HALL, small=True),
        "clothes_scarf": thing(_CLOTHES, "HANGABLE CLOTHES", _HALL),
        "clothes_gloves": thing(_CLOTHES, "HANGABLE CLOTHES", _HALL),
        "shoes": thing(_CLOTHES, "CLOTHES", "on shoe_rack 5, in closet 3", 0.2, small=True),
        "slippers": thing(_CLOTHES, "HANGABLE CLOTHES", "in closet 2, on shoe_rack 3"),
        "pajamas": thing(_CLOTHES, "CLOTHES", _WARDROBE, 0.2, small=True),
        # bathroom
        "towel": thing(_PROPS, "COVER_OBJECT", _TOWELS, 0.3, small=True),
        "soap": thing(_PROPS, "CREAM", _BATH, small=True),
        "toothbrush": thing(_PROPS, "RECIPIENT", _BATH, small=True),
        "tooth_paste": thing(_PROPS, "CAN_OPEN " + cream, _BATH, small=True),
        "shampoo": thing(_PROPS, "POURABLE CAN_OPEN", _BATH),
        "comb": thing(_PROPS, "", _BATH),
        "hairbrush": thing(_PROPS, "", _BATH),
        "razor": thing(_PROPS, "", _BATH),
        "toilet_paper": thing(_PROPS, "HANGABLE CUTTABLE COVER_OBJECT HAS_PAPER", _BATH),
        "laundry_detergent": thing(
            _PROPS, "POURABLE", "in bathroom_cabinet 3, on bathroom_counter 2, in cupboard 1", small=True
        ),
        "cleaning_bottle": thing(_PROPS, "POURABLE CAN_OPEN", "in bathroom_cabinet 2, in kitchen_cabinet 2"),
    }  # fmt: skip
