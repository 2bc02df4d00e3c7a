// Made by Tests/make-zone-table.py from tzdata 2025b; do not edit. The facts of tzdata are in the public domain.

/// The time zones of the world, so that every clone reads the same clock whatever its machine has installed.
enum ZoneTable {
    /// The version of tzdata that the table was made from.
    static let version: StaticString = "2025b"

    /// One line for each rule: the TZ string, the changes since 2020 that it does not tell, and the zones that follow it.
    static let text: StaticString = """
        GMT0|Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar \
        Africa/Freetown Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome \
        Africa/Timbuktu America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena Etc/GMT Etc/GMT+0 Etc/GMT-0 \
        Etc/GMT0 Etc/Greenwich GMT GMT+0 GMT-0 GMT0 Greenwich Iceland
        EAT-3|Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala \
        Africa/Mogadishu Africa/Nairobi Indian/Antananarivo Indian/Comoro Indian/Mayotte
        CET-1|Africa/Algiers Africa/Tunis
        WAT-1|Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos Africa/Libreville \
        Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo
        CAT-2|Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Khartoum Africa/Kigali \
        Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Windhoek
        EET-2EEST,M4.5.5/0,M10.5.4/24;7200,1682632800:10800|Africa/Cairo Egypt
        <+01>-1;3600,1587261600:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27820800:0,\
        3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,3024000:3600,27216000:0,\
        3628800:3600,27216000:0,3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600,27216000:0,\
        3024000:3600,27820800:0,3024000:3600,27216000:0,3628800:3600|Africa/Casablanca Africa/El_Aaiun
        CET-1CEST,M3.5.0,M10.5.0/3|Africa/Ceuta Arctic/Longyearbyen Atlantic/Jan_Mayen CET Europe/Amsterdam \
        Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Budapest \
        Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg Europe/Madrid \
        Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome \
        Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican \
        Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich Poland
        SAST-2|Africa/Johannesburg Africa/Maseru Africa/Mbabane
        CAT-2;10800,1612126800:7200|Africa/Juba
        EET-2|Africa/Tripoli Europe/Kaliningrad Libya
        HST10HDT,M3.2.0,M11.1.0|America/Adak America/Atka US/Aleutian
        AKST9AKDT,M3.2.0,M11.1.0|America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka \
        America/Yakutat US/Alaska
        AST4|America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Curacao \
        America/Dominica America/Grenada America/Guadeloupe America/Kralendijk America/Lower_Princes \
        America/Marigot America/Martinique America/Montserrat America/Port_of_Spain America/Puerto_Rico \
        America/Santo_Domingo America/St_Barthelemy America/St_Kitts America/St_Lucia America/St_Thomas \
        America/St_Vincent America/Tortola America/Virgin
        <-03>3|America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Catamarca \
        America/Argentina/ComodRivadavia America/Argentina/Cordoba America/Argentina/Jujuy \
        America/Argentina/La_Rioja America/Argentina/Mendoza America/Argentina/Rio_Gallegos \
        America/Argentina/Salta America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman \
        America/Argentina/Ushuaia America/Bahia America/Belem America/Buenos_Aires America/Catamarca \
        America/Cayenne America/Cordoba America/Fortaleza America/Jujuy America/Maceio America/Mendoza \
        America/Montevideo America/Paramaribo America/Punta_Arenas America/Recife America/Rosario America/Santarem \
        America/Sao_Paulo Antarctica/Palmer Antarctica/Rothera Atlantic/Stanley Brazil/East Etc/GMT+3
        <-03>3;-10800,1584846000:-14400,16938000:-10800,15116400:-14400,16333200:-10800,15116400:-14400,\
        16333200:-10800,15116400:-14400,16333200:-10800,15116400:-14400,16938000:-10800|America/Asuncion
        EST5|America/Atikokan America/Cancun America/Cayman America/Coral_Harbour America/Jamaica America/Panama \
        EST Jamaica
        CST6;-21600,1586073600:-18000,17535600:-21600,13914000:-18000,18140400:-21600,13309200:-18000,\
        18140400:-21600|America/Bahia_Banderas America/Merida America/Mexico_City America/Monterrey Mexico/General
        CST6|America/Belize America/Costa_Rica America/El_Salvador America/Guatemala America/Managua \
        America/Regina America/Swift_Current America/Tegucigalpa Canada/Saskatchewan
        <-04>4|America/Boa_Vista America/Campo_Grande America/Caracas America/Cuiaba America/Guyana America/La_Paz \
        America/Manaus America/Porto_Velho Brazil/West Etc/GMT+4
        <-05>5|America/Bogota America/Eirunepe America/Guayaquil America/Lima America/Porto_Acre \
        America/Rio_Branco Brazil/Acre Etc/GMT+5
        MST7MDT,M3.2.0,M11.1.0|America/Boise America/Cambridge_Bay America/Denver America/Edmonton America/Inuvik \
        America/Shiprock America/Yellowknife Canada/Mountain MST7MDT Navajo US/Mountain
        CST6CDT,M3.2.0,M11.1.0|America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Knox_IN \
        America/Matamoros America/Menominee America/North_Dakota/Beulah America/North_Dakota/Center \
        America/North_Dakota/New_Salem America/Rainy_River America/Rankin_Inlet America/Resolute America/Winnipeg \
        CST6CDT Canada/Central US/Central US/Indiana-Starke
        CST6;-25200,1586077200:-21600,17535600:-25200,13914000:-21600,18140400:-25200,\
        13309200:-21600|America/Chihuahua
        MST7MDT,M3.2.0,M11.1.0;-25200,1583658000:-21600,20559600:-25200,11494800:-21600,20559600:-25200,\
        10890000:-21600,22626000:-25200|America/Ciudad_Juarez
        <-03>3;-10800,1586055600:-14400,13309200:-10800,18140400:-14400,13309200:-10800,18140400:-14400,\
        13914000:-10800,17535600:-14400,13309200:-10800,18745200:-14400,13309200:-10800|America/Coyhaique
        MST7|America/Creston America/Dawson_Creek America/Fort_Nelson America/Hermosillo America/Phoenix MST \
        US/Arizona
        MST7;-28800,1583661600:-25200|America/Dawson America/Whitehorse Canada/Yukon
        EST5EDT,M3.2.0,M11.1.0|America/Detroit America/Fort_Wayne America/Grand_Turk America/Indiana/Indianapolis \
        America/Indiana/Marengo America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes \
        America/Indiana/Winamac America/Indianapolis America/Iqaluit America/Kentucky/Louisville \
        America/Kentucky/Monticello America/Louisville America/Montreal America/Nassau America/New_York \
        America/Nipigon America/Pangnirtung America/Port-au-Prince America/Thunder_Bay America/Toronto \
        Canada/Eastern EST5EDT US/East-Indiana US/Eastern US/Michigan
        PST8PDT,M3.2.0,M11.1.0|America/Ensenada America/Los_Angeles America/Santa_Isabel America/Tijuana \
        America/Vancouver Canada/Pacific Mexico/BajaNorte PST8PDT US/Pacific
        AST4ADT,M3.2.0,M11.1.0|America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule \
        Atlantic/Bermuda Canada/Atlantic
        <-02>2<-01>,M3.5.0/-1,M10.5.0/0;-10800,1585443600:-7200,18144000:-10800,13305600:-7200,18748800:-10800,\
        12700800:-7200,18748800:-10800,12700800:-7200,32054400:-3600|America/Godthab America/Nuuk
        CST5CDT,M3.2.0/0,M11.1.0/1|America/Havana Cuba
        MST7;-25200,1586077200:-21600,17535600:-25200,13914000:-21600,18140400:-25200,13309200:-21600,\
        18140400:-25200|America/Mazatlan Mexico/BajaSur
        <-03>3<-02>,M3.2.0,M11.1.0|America/Miquelon
        <-02>2|America/Noronha Atlantic/South_Georgia Brazil/DeNoronha Etc/GMT+2
        CST6CDT,M3.2.0,M11.1.0;-25200,1583658000:-21600,20559600:-25200,11494800:-21600,20559600:-25200,\
        10890000:-21600,31446000:-18000|America/Ojinaga
        <-04>4<-03>,M9.1.6/24,M4.1.6/24;-10800,1586055600:-14400,13309200:-10800,18140400:-14400,13309200:-10800,\
        18140400:-14400,13914000:-10800|America/Santiago Chile/Continental
        <-02>2<-01>,M3.5.0/-1,M10.5.0/0;-3600,1585443600:0,18144000:-3600,13305600:0,18748800:-3600,12700800:0,\
        18748800:-3600,12700800:0,18748800:-3600,31449600:-7200|America/Scoresbysund
        NST3:30NDT,M3.2.0,M11.1.0|America/St_Johns Canada/Newfoundland
        <+08>-8;39600,1583596800:28800,18144060:39600,13899540:28800,17550060:39600,13899540:28800,17550060:39600,\
        13651140:28800|Antarctica/Casey
        <+07>-7|Antarctica/Davis Asia/Bangkok Asia/Barnaul Asia/Ho_Chi_Minh Asia/Hovd Asia/Krasnoyarsk \
        Asia/Novokuznetsk Asia/Novosibirsk Asia/Phnom_Penh Asia/Saigon Asia/Tomsk Asia/Vientiane Etc/GMT-7 \
        Indian/Christmas
        <+10>-10|Antarctica/DumontDUrville Asia/Ust-Nera Asia/Vladivostok Etc/GMT-10 Pacific/Chuuk \
        Pacific/Port_Moresby Pacific/Truk Pacific/Yap
        AEST-10AEDT,M10.1.0,M4.1.0/3|Antarctica/Macquarie Australia/ACT Australia/Canberra Australia/Currie \
        Australia/Hobart Australia/Melbourne Australia/NSW Australia/Sydney Australia/Tasmania Australia/Victoria
        <+05>-5|Antarctica/Mawson Asia/Aqtau Asia/Aqtobe Asia/Ashgabat Asia/Ashkhabad Asia/Atyrau Asia/Dushanbe \
        Asia/Oral Asia/Qyzylorda Asia/Samarkand Asia/Tashkent Asia/Yekaterinburg Etc/GMT-5 Indian/Kerguelen \
        Indian/Maldives
        NZST-12NZDT,M9.5.0,M4.1.0/3|Antarctica/McMurdo Antarctica/South_Pole NZ Pacific/Auckland
        <+03>-3|Antarctica/Syowa Asia/Aden Asia/Baghdad Asia/Bahrain Asia/Istanbul Asia/Kuwait Asia/Qatar \
        Asia/Riyadh Etc/GMT-3 Europe/Istanbul Europe/Minsk Turkey
        <+00>0<+02>-2,M3.5.0/1,M10.5.0/3|Antarctica/Troll
        <+05>-5;25200,1702839600:18000|Antarctica/Vostok
        <+05>-5;21600,1709229600:18000|Asia/Almaty Asia/Qostanay
        <+03>-3;7200,1585260000:10800,18748800:7200,12700800:10800,18748800:7200,10281600:10800|Asia/Amman
        <+12>-12|Asia/Anadyr Asia/Kamchatka Etc/GMT-12 Kwajalein Pacific/Funafuti Pacific/Kwajalein Pacific/Majuro \
        Pacific/Nauru Pacific/Tarawa Pacific/Wake Pacific/Wallis
        <+04>-4|Asia/Baku Asia/Dubai Asia/Muscat Asia/Tbilisi Asia/Yerevan Etc/GMT-4 Europe/Astrakhan \
        Europe/Samara Europe/Saratov Europe/Ulyanovsk Indian/Mahe Indian/Mauritius Indian/Reunion
        EET-2EEST,M3.5.0/0,M10.5.0/0|Asia/Beirut
        <+06>-6|Asia/Bishkek Asia/Dacca Asia/Dhaka Asia/Kashgar Asia/Omsk Asia/Thimbu Asia/Thimphu Asia/Urumqi \
        Etc/GMT-6 Indian/Chagos
        <+08>-8|Asia/Brunei Asia/Choibalsan Asia/Irkutsk Asia/Kuala_Lumpur Asia/Kuching Asia/Singapore \
        Asia/Ulaanbaatar Asia/Ulan_Bator Etc/GMT-8 Singapore
        IST-5:30|Asia/Calcutta Asia/Kolkata
        <+09>-9|Asia/Chita Asia/Dili Asia/Khandyga Asia/Yakutsk Etc/GMT-9 Pacific/Palau
        CST-8|Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macao Asia/Macau Asia/Shanghai Asia/Taipei PRC ROC
        <+0530>-5:30|Asia/Colombo
        <+03>-3;7200,1585260000:10800,18745200:7200,12704400:10800,18745200:7200,12704400:10800|Asia/Damascus
        EET-2EEST,M3.5.0/3,M10.5.0/4|Asia/Famagusta Asia/Nicosia EET Europe/Athens Europe/Bucharest \
        Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Nicosia Europe/Riga Europe/Sofia \
        Europe/Tallinn Europe/Uzhgorod Europe/Vilnius Europe/Zaporozhye
        EET-2EEST,M3.4.4/50,M10.4.4/50;7200,1585346400:10800,18144000:7200,13305600:10800,18662400:7200,\
        12873600:10800,18666000:7200,15728400:10800,15721200:7200,15123600:10800,16326000:7200,14518800:10800,\
        16930800:7200,13309200:10800,18140400:7200,13309200:10800,18745200:7200,12704400:10800,18745200:7200,\
        12704400:10800,18745200:7200,13309200:10800,18140400:7200,13309200:10800,18140400:7200,13309200:10800,\
        18745200:7200,12704400:10800,18745200:7200,12704400:10800,18745200:7200,12704400:10800,18745200:7200,\
        13309200:10800,17535600:7200,13914000:10800,16930800:7200,14518800:10800,15721200:7200,15728400:10800,\
        15116400:7200,16333200:10800,13906800:7200,4237200:10800,601200:7200,13309200:10800,12697200:7200,\
        3632400:10800,1810800:7200,13309200:10800,12092400:7200,3632400:10800,2415600:7200,13309200:10800,\
        10882800:7200,4237200:10800,3020400:7200,13309200:10800,10278000:7200,3632400:10800,4834800:7200,\
        12704400:10800,9673200:7200,3632400:10800,5439600:7200,12704400:10800,8463600:7200,4237200:10800,\
        6044400:7200,13309200:10800,7254000:7200,3632400:10800,7254000:7200,13309200:10800,6044400:7200,\
        4237200:10800,7858800:7200,13309200:10800,5439600:7200,3632400:10800,9673200:7200,12704400:10800,\
        4834800:7200,3632400:10800,10278000:7200,12704400:10800,3625200:7200,4237200:10800,10882800:7200,\
        13309200:10800,2415600:7200,3632400:10800,12092400:7200,13309200:10800,1206000:7200,4237200:10800,\
        12697200:7200,13309200:10800,601200:7200,4237200:10800,13302000:7200,16938000:10800,15116400:7200,\
        15728400:10800,15721200:7200,14518800:10800,16930800:7200,13914000:10800,17535600:7200,13309200:10800,\
        18140400:7200,13309200:10800,18745200:7200,12704400:10800,18745200:7200,12704400:10800,18745200:7200,\
        12704400:10800,18745200:7200,13309200:10800,18140400:7200,13309200:10800,18140400:7200,13309200:10800,\
        18745200:7200,12704400:10800,18745200:7200,12704400:10800,18140400:7200,13914000:10800,16930800:7200,\
        14518800:10800,16326000:7200,15123600:10800,15116400:7200,16333200:10800,14511600:7200,3632400:10800,\
        601200:7200,12704400:10800,13906800:7200,3632400:10800,1206000:7200,12704400:10800,12697200:7200,\
        4237200:10800,1810800:7200,13309200:10800,11487600:7200,3632400:10800,3020400:7200,13309200:10800,\
        10278000:7200,4237200:10800,3625200:7200,13309200:10800,9673200:7200,4237200:10800,4834800:7200,\
        12704400:10800,9068400:7200,3632400:10800,6044400:7200,12704400:10800,7858800:7200,4237200:10800,\
        6649200:7200,13309200:10800,6649200:7200,3632400:10800,7858800:7200,13309200:10800,6044400:7200,\
        3632400:10800,8463600:7200,13309200:10800,4834800:7200,4237200:10800,9068400:7200,13309200:10800,\
        4230000:7200,3632400:10800,10882800:7200,12704400:10800,3020400:7200,4237200:10800,11487600:7200,\
        12704400:10800,2415600:7200,4237200:10800,12092400:7200,13309200:10800,1206000:7200,\
        3632400:10800|Asia/Gaza Asia/Hebron
        HKT-8|Asia/Hong_Kong Hongkong
        WIB-7|Asia/Jakarta Asia/Pontianak
        WIT-9|Asia/Jayapura
        IST-2IDT,M3.4.4/26,M10.5.0|Asia/Jerusalem Asia/Tel_Aviv Israel
        <+0430>-4:30|Asia/Kabul
        PKT-5|Asia/Karachi
        <+0545>-5:45|Asia/Kathmandu Asia/Katmandu
        <+11>-11|Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk Etc/GMT-11 Pacific/Bougainville Pacific/Efate \
        Pacific/Guadalcanal Pacific/Kosrae Pacific/Noumea Pacific/Pohnpei Pacific/Ponape
        WITA-8|Asia/Makassar Asia/Ujung_Pandang
        PST-8|Asia/Manila
        KST-9|Asia/Pyongyang Asia/Seoul ROK
        <+0630>-6:30|Asia/Rangoon Asia/Yangon Indian/Cocos
        <+0330>-3:30;12600,1584736200:16200,15894000:12600,15728400:16200,15894000:12600,15642000:16200,\
        15894000:12600|Asia/Tehran Iran
        JST-9|Asia/Tokyo Japan
        <-01>1<+00>,M3.5.0/0,M10.5.0/1|Atlantic/Azores
        WET0WEST,M3.5.0/1,M10.5.0|Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira Europe/Lisbon \
        Portugal WET
        <-01>1|Atlantic/Cape_Verde Etc/GMT+1
        ACST-9:30ACDT,M10.1.0,M4.1.0/3|Australia/Adelaide Australia/Broken_Hill Australia/South Australia/Yancowinna
        AEST-10|Australia/Brisbane Australia/Lindeman Australia/Queensland
        ACST-9:30|Australia/Darwin Australia/North
        <+0845>-8:45|Australia/Eucla
        <+1030>-10:30<+11>-11,M10.1.0,M4.1.0|Australia/LHI Australia/Lord_Howe
        AWST-8|Australia/Perth Australia/West
        <-06>6<-05>,M9.1.6/22,M4.1.6/22;-18000,1586055600:-21600,13309200:-18000,18140400:-21600,13309200:-18000,\
        18140400:-21600,13914000:-18000|Chile/EasterIsland Pacific/Easter
        IST-1GMT0,M10.5.0,M3.5.0/1|Eire Europe/Dublin
        <-10>10|Etc/GMT+10 Pacific/Rarotonga Pacific/Tahiti
        <-11>11|Etc/GMT+11 Pacific/Niue
        <-12>12|Etc/GMT+12
        <-06>6|Etc/GMT+6 Pacific/Galapagos
        <-07>7|Etc/GMT+7
        <-08>8|Etc/GMT+8 Pacific/Pitcairn
        <-09>9|Etc/GMT+9 Pacific/Gambier
        <+01>-1|Etc/GMT-1
        <+13>-13|Etc/GMT-13 Pacific/Enderbury Pacific/Fakaofo Pacific/Kanton Pacific/Tongatapu
        <+14>-14|Etc/GMT-14 Pacific/Kiritimati
        <+02>-2|Etc/GMT-2
        UTC0|Etc/UCT Etc/UTC Etc/Universal Etc/Zulu UCT UTC Universal Zulu
        GMT0BST,M3.5.0/1,M10.5.0|Europe/Belfast Europe/Guernsey Europe/Isle_of_Man Europe/Jersey Europe/London GB \
        GB-Eire
        EET-2EEST,M3.5.0,M10.5.0/3|Europe/Chisinau Europe/Tiraspol
        MSK-3|Europe/Kirov Europe/Moscow Europe/Simferopol W-SU
        MSK-3;14400,1609020000:10800|Europe/Volgograd
        HST10|HST Pacific/Honolulu Pacific/Johnston US/Hawaii
        MET-1MEST,M3.5.0,M10.5.0/3|MET
        <+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45|NZ-CHAT Pacific/Chatham
        <+13>-13;50400,1586008800:46800,15120000:50400,16329600:46800|Pacific/Apia
        <+12>-12;46800,1578751200:43200,29635200:46800,2419200:43200|Pacific/Fiji
        ChST-10|Pacific/Guam Pacific/Saipan
        <-0930>9:30|Pacific/Marquesas
        SST11|Pacific/Midway Pacific/Pago_Pago Pacific/Samoa US/Samoa
        <+11>-11<+12>,M10.1.0,M4.1.0/3|Pacific/Norfolk
        """
}
