"""The names of VirtualHome's object classes, so that a misspelt class in a scene or task file is refused by name."""

from __future__ import annotations

from typing import Final

__all__ = ["CLASS_NAMES"]

CLASS_NAMES: Final = frozenset(
    """
    address_book after_shave alarm_clock alcohol apple arms_both arms_left arms_right bag balanceball banana
    bananas band-aids barsoap basket_for_clothes bathroom bathroom_cabinet bathroom_counter bathtub bed bedroom
    beer bell_pepper bellpepper bench bills bird blanket blender blow_dryer board_game boardgame book bookmark
    bookshelf bottle_water bowl box bread bread_slice broom brush bucket button cabinet candle candybar cards
    carpet carrot cat cd cd_player ceiling ceilingfan ceilinglamp cellphone centerpiece cereal chair character
    check chef_knife chefknife chessboard chicken child chinesefood chips chocolatesyrup cleaning_bottle
    cleaning_solution clock closet closetdrawer cloth_napkin clothes_dress clothes_gloves clothes_hat
    clothes_jacket clothes_pants clothes_pile clothes_scarf clothes_shirt clothes_skirt clothes_socks
    clothes_underwear coatrack coffe_maker coffee coffee_cup coffee_filter coffee_pot coffee_table coffeemaker
    coffeetable coin colander comb comforter computer condiment_bottle condiment_shaker conditioner console
    controller cooking_pot cookingpot couch cpu_case cpu_table cpuscreen crackers crayon crayons creamybuns
    creditcard cucumber cup cupboard cupcake curtain curtains cutlery_fork cutlery_knife cutlets cutting_board
    deck_of_cards desk detergent diary dining_room diningtable dirt dish_bowl dish_soap dishrack dishwasher
    dishwashingliquid document dog door doorjamb dough drawing dresser drinking_glass dry_pasta drying_rack duster
    dustpan dvd_player electric_shaver electrical_outlet entrance_hall envelope eye_left eye_right eyes_both face
    face_cream face_soap facecream facial_cleanser faucet fax_machine feet_both feet_left feet_right
    filing_cabinet floor floor_lamp fly folder food_apple food_bacon food_banana food_bread food_butter food_cake
    food_carrot food_carrots food_cereal food_cheese food_chicken food_dessert food_donut food_egg food_fish
    food_food food_fruit food_hamburger food_ice_cream food_jam food_kiwi food_lemon food_lime food_noodles
    food_oatmeal food_onion food_orange food_peanut_butter food_pizza food_potato food_rice food_salt food_snack
    food_steak food_sugar food_turkey food_vegetable fork form foundation freezer fridge fryingpan garbage_can
    glass glasses globe glue groceries ground_coffee hair hairbrush hairdryer hairproduct hands_both hands_left
    hands_right hanger headset highlighter home_office homework ice instrument_guitar instrument_piano
    instrument_violin iron ironing_board jelly journal juice kettle keyboard keys kitchen kitchen_cabinet
    kitchen_cabinets kitchen_counter kitchen_table kitchencounterdrawers knife knifeblock lamp laptop
    laser_pointer laundry_detergent legs_both legs_left legs_right lemon light light_bulb light_switch lighter
    lighting lightswitch lime living_room livingroom longboard lotionbottle love_seat magazine mail maindoor man
    mat measuring_cup mechanical_pencil microphone microwave milk milkshake mincedmeat mini-fridge mirror mop
    mop_bucket mouse mouse_mat mousemat mousepad mouthwash mug music_stand nail_polish napkin needle newspaper
    nightstand note_pad notebook notes novel oil orange orchid oven oven_mitts oventray painting pajamas pancake
    pantry pants paper paper_towel papertowel pasta pc pear pen pencil phone photoframe piano_bench picture pie
    pillow placemat plate plum pot potato poundcake powersocket printer printing_paper pudding purse radio rag
    razor receipt remote_control rug salad salmon salt_crackers sauce sauce_pan scissors scrabble shampoo
    shaving_cream sheets shelf shirt shoe-shine_kit shoe_rack shoes shower shredder sink slippers soap sofa
    spectacles sponge spoon sportsball stall stamp standingmirror stereo stove stovefan sundae table table_cloth
    tablelamp tape tea tea_bag teddybear teeth telephone television textbook thread toaster toilet toilet_paper
    toiletpaper tomato tooth_paste toothbrush toothbrush_holder toothpaste towel towel_rack toy trashcan tray tv
    tvstand vacuum_cleaner vase video_game_console video_game_controller wall wall_clock wall_phone walllamp
    wallpictureframe wallshelf walltv washing_machine washing_sponge water water_glass waterglass watermelon
    whippedcream window wine wine_glass wineglass woman wooden_spoon
    """.split()
)
"""Every class of VirtualHome's resources, of the names that it takes for equal, and of its seven scenes."""
