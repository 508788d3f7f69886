"""Pairs of records of one child, and of two, by naming habits: written for these tests, and no
child is real.

A row is ``A = B``, rows are parted by semicolons; a side is ``forename / surname`` or ``forename /
middle names / surname``. Behind ``@`` stands what else differs:

* a date: the other record's date of birth;
* ``nfa``: the other has "NFA" for a postcode; ``1jan``: both are born on 1 January;
* ``outcode``: the other lives in the same outcode, where otherwise it is in the same postcode area;
* ``boy``: both are boys, where all others are girls;
* ``wide``: a wide key finds the child, where otherwise a narrow one must;
* ``stranger``: two children of one birthday who live apart.
"""

from __future__ import annotations

from typing import Final

# fmt: off
ONE_CHILD: Final = {
    "surname split between fields": """
Harpreet / Kaur = Harpreet / Kaur / Gill; Harpreet / Kaur = Harpreet Kaur / Gill; Simranjit Kaur /
Bains = Simranjit / Bains; Nasima / Begum = Nasima Begum / Chowdhury; Salma / Khatun = Salma Khatun
/ Uddin; Jasleen / Kaur Virk = Jasleen / Virk / Kaur; Ravneet / Sohal / Kaur = Ravneet / Kaur /
Sohal; Taslima / Akter = Taslima Akter / Begum; Inderpal / Gill / Singh = Inderpal Singh / Gill;
Lucas / Ferreira / Santos = Lucas / Ferreira Santos; Noor Fatima / Malik = Noor / Fatima / Malik;
Harpreet / Kaur / Gill = Harpreet Kaur / Gill; Arjan / Singh = Arjan / Singh / Sandhu; Arjan Singh /
Sandhu = Arjan / Singh; Gurveer / Singh Dhaliwal = Gurveer Singh / Dhaliwal; Ruksana / Bibi =
Ruksana Bibi / Akhtar; Shabnam Bibi / = Shabnam / Bibi; Farzana Akhtar / Begum = Farzana / Akhtar;
Karamjot / Singh / Mann = Karamjot / Mann; Zahida / Bibi / Hussain = Zahida / Bibi; Esme / Hartley /
Voss = Esme / Hartley-Voss; Rehana Khatun / = Rehana / Khatun / Miah; Kaur / Harpreet = Harpreet /
Kaur / Gill; Harpreet-Kaur / Gill = Harpreet / Gill; Kaur Harpreet / Gill = Harpreet / Kaur; Jagroop
/ Singh / = Jagroop / Singh; Manveer / Singh Gill / Dhillon = Manveer / Singh; Jasmin / Kaur / Kaur
= Jasmin / Kaur / Sidhu; Rukhsar Bibi / = Rukhsar / Bibi / Shah; Nazmin / Begum Khatun = Nazmin /
Khatun; Fahmida / Begum / Ali = Fahmida Ali / Begum; Tahmina / Akther Begum = Tahmina Akther /;
Maria / Lopez Ruiz = Maria / Lopez / Ruiz; Ishika / Kumari / = Ishika / Kumari; Shanaya / Devi / Rai
= Shanaya Devi / Rai; Mosammat Rahela / Khatun = Rahela / Khatun; Most. Rahela / Khatun = Rahela /
Khatun; Md. Tanim / Miah = Tanim / Miah; Harleen / Gill Kaur = Harleen / Kaur; Ramanpreet / Kaur =
Ramanpreet / Kaur / Dhesi; Dilpreet Singh / = Dilpreet / Singh / Johal; Jasraj Singh / Kang = Jasraj
/ Kang Singh; Rabia / Bibi = Rabia Bibi / Mahmood; Sumaiya / Khanom = Sumaiya Khanam / Ahmed;
Mohammed Abdul / Malik = Abdul Malik /; Ines / Moreira / Duarte = Ines / Moreira Duarte; Oliver
James Whitworth / = Oliver / James / Whitworth; Simran Kaur Dhanda / = Simran / Kaur / Dhanda;
Maxamed Cabdi Xasan / = Mohamed / Abdi / Hassan
""",
    "whole Vietnamese or Chinese name in one field": """
Nguyen Thi Lan / = Lan / Thi / Nguyen; Nguyen Thi Lan / = Thi Lan / Nguyen; Wang Xiao Ming / =
Xiaoming / Wang; Wang Xiao Ming / = Xiao Ming / Wang; Le Thi Hong Nhung / = Hong Nhung / Le; Lan
Nguyen / = Nguyen / Thi / Lan; Pham Minh Chau / Pham = Minh Chau / Pham; Liu Yi Chen / Liu = Yichen
/ Liu; Li Jia Yi / = Jiayi / Li; Dang Quoc Bao / Dang Quoc Bao = Quoc Bao / Dang; Kim Min Jun / =
Minjun / Kim; Nguyen Thi Lan / Nguyen = Lan / Nguyen; Xiao Ming Wang / = Wang / Xiao Ming; Tran Van
Duc / = Duc / Tran; Nguyen Van An / Nguyen = Van An / Nguyen; Kevin Chan Ka Ho / = Ka Ho Kevin /
Chan; Chan Ka Ho Kevin / Chan = Kevin / Chan; Zhang Wei Jie Daniel / = Weijie / Daniel / Zhang; Vo
Thi Kim Ngan / = Kim Ngan / Vo; Emily Wong Tsz Ching / = Tsz Ching / Emily / Wong; Park / Seo Yeon =
Seoyeon / Park; Hoang Duc Anh / = Duc Anh / Hoang; Nguyễn Thị Lan / = Lan / Nguyễn; Nguyen / Thi Lan
= Lan / Nguyen; Thi Lan Nguyen / = Nguyen / Lan; Nguyen Lan / Nguyen = Lan / Nguyen; Nguyen Thi Lan
Anh / Nguyen = Lan Anh / Thi / Nguyen; Lan Anh / Nguyen Thi = Nguyen Thi Lan Anh /; Wang / Xiaoming
/ = Xiaoming / Wang; Wang Xiaoming / Wang = Xiao-Ming / Wang; Daniel Wang Xiao Ming / = Daniel /
Wang; Daniel / Xiao Ming / Wang = Wang Xiao Ming / Wang; Daniel Xiaoming / Wang = Xiao Ming / Wang;
Huynh Ngoc Bich / = Bich / Ngoc / Huynh; Huynh Ngoc Bich / = Ngoc Bich / Huynh; Zhao Yu Xuan / Zhao
= Yuxuan / Zhao; Tran Thi Thu Ha / Tran = Ha / Tran; / Nguyen Thi Lan = Lan / Nguyen; Cheung Hoi Lam
/ = Hoilam / Cheung; Chloe / Hoi Lam / Cheung = Hoi Lam / Cheung; Choi Ha Eun / = Haeun / Choi; Bao
Chau / Tran = Tran Bao Chau /; Bui Thi Ngoc Anh / = Ngoc Anh / Bui; Do Minh Khoi / = Khoi / Minh /
Do; Lin Jia Hui / Lin = Jia Hui / Lin; Michelle Ng Hoi Yan / = Hoi Yan / Michelle / Ng; Yeung Tsz
Kit / = Tszkit / Yeung; Sun Yi Fan Grace / Sun = Grace / Yifan / Sun; / Le Minh Quan = Quan / Le;
Tran Gia Han / Tran = Gia Han / Tran; Lau Hiu Ching / = Hiuching / Lau; Jasmine Ho Wing Yan / = Wing
Yan / Ho
""",
    "Ghanaian day names and several names used daily": """
Emmanuel Kofi / Mensah = Kofi / Mensah; Grace Akosua / Boateng = Akosua / Boateng; Kwame / Daniel
Osei / Appiah = Daniel / Appiah; Nana Yaa / Asantewaa / Sarpong = Yaa / Sarpong; Nana Kwadwo
Emmanuel / Addo = Kojo / Addo; Kweku / Asare = Kwaku / Asare; Ekow / Michael / Quansah = Michael
Ekow / Quansah; Kwasi / Asamoah = Akwasi / Asamoah; Maame Esi / Adjei = Esi / Adjei; Samuel Kwabena
/ Ntim = Kobby / Ntim; Efua / Sandra Emefa / Tetteh = Sandra / Tetteh; Ewurabena / Mensah-Bonsu =
Abena / Mensah Bonsu; Kofi / Emmanuel / Mensah = Emmanuel / Mensah; Abena / Owusu = Gifty / Abena /
Owusu; Ama / Blessing Nhyira / Agyemang = Blessing / Agyeman; Joseph Yaw / Nkansah = Yaw / Nkansah;
Prince Nana Kofi / Ofori = Kofi / Ofori; Adwoa / Patience / Darko = Adjoa / Darko; Afia / Konadu =
Afua / Konadu; Isaac Nii Armah / Lamptey = Nii Armah / Lamptey; Precious Efe Osas / Igbinedion =
Osas / Igbinedion; Mary Magdalene Abena / Serwaa / Frimpong = Abena / Frimpong; Kwabena / Emmanuel
Junior / Owusu Ansah = Emmanuel / Owusu-Ansah; Nana Ama Serwaa / Antwi Boasiako = Serwaa / Antwi;
Kofi Nana Yaw / Frempong = Yaw / Frempong; Maame Yaa Afriyie / Donkor = Afriyie / Donkor; Emmanuella
Adjoa / Nyarko = Adwoa / Nyarko; Kwesi / Francis / Aidoo = Francis Kwasi / Aidoo; Kwamena / Arthur
Joel / Sackey = Kwame / Sackey; Yaw / Kelvin Opoku / Gyamfi = Kelvin / Gyamfi; Jessica Naa Dedei /
Ashong = Dedei / Ashong; Nhyira Angel Abena / Oppong = Abena / Oppong; Adom Kwaku David / Tuffour =
David / Tuffour; Baaba / Elizabeth Efua / Essien = Efua / Essien; Richmond Kwabena Osei / Badu =
Osei / Badu; Kwaku Bernard / Acquah = Bernard Kweku / Acquah; Akua Priscilla / Ofosu = Priscilla /
Ofosu; Yaa Asantewaa / Grace / Manu = Grace / Manu; Nii Kwei / Samuel / Quaye = Samuel / Quaye;
Kwamena Ebo / Ferguson = Ebo / Ferguson; Afua Konadu Vera / Yiadom = Vera / Yiadom; Kofi / Bright /
Amponsah = Bright Kofi / Amponsah; Akua / Mavis / Tawiah = Mavis / Tawiah; Yaa / Linda Pokuaa /
Asiedu = Pokuaa / Asiedu; Kwaku / Elijah / Bonsu = Elijah Kweku / Bonsu; Felicia Ama / Dapaah = Ama
/ Dapaah; Kojo / Ebenezer / Baidoo = Ebenezer Kwadwo / Baidoo
""",
    "Somali spelling and three names": """
Cali / Xasan / Warsame = Ali / Hassan / Warsame; Faadumo / Axmed / Cumar = Fatima / Ahmed / Omar;
Faadumo / Cabdi = Fadumo / Abdi; Xaliimo / Maxamuud = Halima / Mohamud; Caasho / Cilmi / Nuur = Asha
/ Elmi / Noor; Cabdiraxmaan / Xuseen = Abdirahman / Hussein; Ayaan / Yusuf / Gedi = Ayaan / Gedi;
Ayaan Yusuf / Gedi = Ayaan / Yusuf; Sacdiyo / Bashiir / Cawaale = Sadia / Bashir / Awale; Raxma /
Faarax / Cige = Rahma / Farah / Ige; Nimco / Cabdiqaadir = Nimo / Abdikadir; Cabdi / Maxamed / Xasan
= Abdi / Mohamed / Hassan; Maxamed / Cismaan = Mohamed / Osman; Xamda / Jaamac = Hamda / Jama; Hodan
/ Abdi Warsame / Farah = Hodan / Abdi / Warsame; Hodan / Warsame / Farah = Hodan / Warsame; Liban
Axmed / Ducaale = Liban / Ahmed / Duale; Cabdullaahi / Xirsi = Abdullahi / Hersi; Xaawo / Siciid =
Hawa / Said; Cawil / Xaaji / Muuse = Awil / Haji / Musa; Muxumed / Xayd = Muhumed / Hayd; Cosob /
Colaad = Osob / Olad; Maxamed / Cali / Cumar = Mohamed / A / Omar; Cabdulqaadir / Sheekh / Axmed =
Abdulkadir / Ahmed; Xafsa / Yuusuf = Hafsa / Yusuf; Nasteexo / Xuseen / Cilmi = Nasteho / Hussein;
Caaisha / Maxamed = Aisha / Mohamed; Canab / Xareed = Anab / Hared; Cabdifataax / Jaamac = Abdifatah
/ Jama; Siciid / Barkhad / Cawad = Said / Barkhad / Awad; Saciido / Guuleed = Saida / Guled; Ilhaan
/ Cabdisalaam = Ilhan / Abdisalam; Muna / Cusmaan / Geeddi = Muna / Osman; Cumar / Faarax / Cali =
Omar / Ali; Xaliimo / Cali / Xasan = Halimo / Hassan; Ubax / Cabdullaahi = Ubah / Abdullahi; Sucaad
/ Muuse / Dirir = Suad / Musa; Farduus / Axmednuur = Fardus / Ahmednur; Maryan / Cabdi Xasan / Nuur
= Maryam / Abdi; Abdi Hassan / Nur = Cabdi / Xasan; Cabdixakiin / Faarax / Xasan = Abdihakim /
Farah; Xiis / Cumar / Warsame = Hiis / Omar; Caydaruus / Maxamuud = Aidarus / Mohamud; Saynab /
Cartan / Ciise = Zeinab / Artan; Xusayn / Cabdulle = Hussein / Abdulle; Shucayb / Maxamed / Nuur =
Shuaib / Mohamed / Noor; Deeqa / Axmed / Xuseen = Deqa / Hussein; Cabdi / Maxamed / Ducaale = Abdi /
Mohamed / Duale; Maxamed / Cabdi / Cige = Mohamed / Abdi / Ige; Cabdirisaaq / Maxamed = Abdirizak /
Mohamed; Xamse / Cabdilaahi = Hamse / Abdilahi; Cabdinaasir / Cawil = Abdinasir / Awil; Faadumo /
Cabdi / Xuseen = Fadumo / Abdi; Maxamed Cabdi / Xasan = Mohamed / Abdi / Hassan; Sahra / Maxamuud /
Cali = Zahra / Mohamud
""",
    "Arabic ayn, hamza, article and servant-of": """
Abd al-Rahman / Haddad = Abdurrahman / Haddad; Abdal Aziz / Karimi = Abdulaziz / Karimi; Abd
el-Kader / Benali = Abdelkader / Ben Ali; Isra’ / Ul-Haq = Isra / Haq; ʿAbdallah / al-ʿUmari =
Abdullah / Al Omari; Do'aa / el-Sherif = Doaa / Sherif; 3abir / Ma3louf = Abir / Maalouf;
Abdulnasser / Al Tikriti = Abd Al-Naser / Tikriti; Ra'ed / Ya'qoub = Raed / Yaqub; Aaminah / Daaoud
= Amina / Dawood; Abd-ul-Hakeem / Noori = Abdulhakim / Nuri; Tha'er / Abu Jaber = Thaer / Abujaber;
Sana'a / Al-Masri = Sanaa / Masri; Abdel Rahman / El Sayed = Abdulrahman / Sayed; Mo'men / Sa'id =
Momen / Saeed; Bara`a / Kha`lid = Baraa / Khalid; Saif ul-Islam / Qureshi = Saif al Islam / Qureshi;
Nour Eddine / Belkacem = Noureddine / Belkacem; Alaa Al-Din / Khoury = Alaeddin / Khoury; Zeinab /
Abdelghani = Zaynab / Abdul Ghani; Su'ad / Al-Shami = Suad / Alshami; Nu'man / El Khatib = Numan /
Elkhatib; Mo’ayad / Al Ja'afari = Moayad / Aljaafari; Abd-Alrahman / Sabbagh = Abdulrahman /
Sabbagh; Abdel-Hamid / Mansour = Abdulhamid / El Mansour; Abderrahim / Bouzid = Abdelrahim / Bouzid;
Ra'fat / Sa'adeh = Raafat / Saadeh; Rou'a / Al-Na'imi = Roaa / Alnaimi; Ala'a / Khateeb = Alaa /
Al-Khatib; Hiba Allah / Saleh = Hibatullah / Saleh; Noor Al-Huda / Jasim = Noorulhuda / Jasim;
Shaimaa / Abdel Aal = Shaima / Abdelaal; Zakaria / Abu-Bakr = Zakariya / Abubakr; Yousef / Bin Salem
= Yusuf / Salem; Tareq / Al-‘Ani = Tariq / Al Ani; Saad-Eddine / Haddad = Saadeddin / Haddad; Lubna
/ Ul Haq = Lubna / Haq; Mus'ab / Eid = Musab / Eid; Du'a / Abu-l-Hassan = Dua / Abulhassan; Abd Al
Kareem / Hamdan = Abdelkarim / Hamdan; Riyadh / Al Sa'di = Riyad / Alsaadi; Ya'rub / Jum'a = Yarub /
Jumaa; Shams Eldin / Osman = Shamsuddin / Osman; Abdul-Malik / el Fassi = Abdelmalek / Fassi
""",
    "South Asian endings joined, apart or dropped": """
Ramesh Kumar / Patel = Rameshkumar / Patel; Jayeshbhai / Desai = Jayesh / Desai; Hetalben / Patel =
Hetal Ben / Patel; Kantilal / Mistry = Kanti Lal / Mistry; Aman Deep / Gill = Amandeep / Gill;
Mandip / Rai = Man Deep / Rai; Navpreet / Toor = Nav Preet / Toor; Gurdeep / Mann = Gurdip / Mann;
Sureshkumar / Shanmugam = Suresh Kumar / Shanmugam; Bharatbhai / Solanki = Bharat / Solanki; Jas
Deep / Uppal = Jasdip / Uppal; Lovepreet / Heer = Love Preet / Heer; Rameshkumar / Patel = Ramesh /
Patel; Hetal / Ben / Patel = Hetalben / Patel; Kanti / Mistry = Kantilal / Mistry; Harshil /
Dineshkumar / Patel = Harshil / Dinesh / Patel; Har Preet / Sahota = Harpreet / Sahota;
Prakashchandra / Joshi = Prakash Chandra / Joshi; Manjulaben / Chauhan = Manjula / Chauhan; Mohanlal
/ Sharma = Mohan Lal / Sharma; Anilkumar / Verma = Anil / Kumar / Verma; Vijay Kumar / Reddy =
Vijaykumar / Reddy; Diya / Jigneshbhai / Rathod = Diya / Rathod; Kirtikumar / Parekh = Kirti /
Parekh; Mahendrabhai / Parmar = Mahendra / Parmar; Nilesh / Kumar = Nileshkumar / Parmar / Kumar;
Krishna / Ben / Makwana = Krishnaben / Makwana; Sandeepkumar / Yadav = Sandip / Yadav; Jaspreet Kaur
/ Sandhu = Jas Preet / Sandhu; Gagan Deep / Singh = Gagandeep / Singh; Hirenkumar / Jitendrabhai /
Vaghela = Hiren / Vaghela; Roshanlal / Gupta = Roshan / Gupta; Rajdeep / Basra = Raj / Basra; Navdip
/ Purewal = Nav Deep / Purewal; Manpreet / Sall = Man / Sall; Ashokkumar / Rathod = Ashok Kumar /
Rathod; Vinodbhai / Kachhia = Vinod / Bhai / Kachhia; Ghanshyambhai / Tailor = Ghanshyam / Tailor;
Pushpaben / Limbachia = Pushpa / Limbachia; Dilip Kumar / Soni = Dilipkumar / Soni; Gur Preet /
Bassi = Gurprit / Bassi; Karan Deep / Brar = Karandip / Brar; Babulal / Meena = Babu Lal / Meena;
Jitubhai / Solanki = Jitu / Solanki; Maheshkumar / Vyas = Mahesh / Vyas; Rekhaben / Gohil = Rekha
Ben / Gohil; Chandrakant / Kumar / Naik = Chandrakantkumar / Naik; Sanjay Bhai / Thakkar = Sanjay /
Thakkar; Lakshmanbhai / Rabari = Laxman / Rabari; Devendrakumar / Trivedi = Devendra Kumar / Trivedi
""",
    "Irish and English forms, at another address": """
Seán / Ó Súilleabháin = John / O'Sullivan; Seán / Ó Súilleabháin = Shaun / Sullivan; Pádraig / Mac
Cárthaigh = Patrick / McCarthy; Siobhán / Ní Chonaill = Siobhan / O'Connell; Tadhg / Ó Murchú =
Timothy / Murphy; Máire / Ní Dhomhnaill = Mary / O'Donnell; Bríd / Ní Cheallaigh = Bridget / Kelly;
Micheál / Ó Ceallaigh = Michael / Kelly; Diarmuid / Ó Riain = Dermot / Ryan; Aisling / Ní
Fhlaithearta = Ashling / O'Flaherty; Oisín / Mac Mathúna = Osheen / McMahon; Aoife / Nic Dhonncha =
Aoife / McDonagh; Sorcha / Uí Mháille = Sarah / O'Malley; Caoimhe / Ní Bhriain = Keeva / O'Brien;
Séamus / Ó Briain = James / O'Brien; Eoghan / Ó Néill = Owen / O'Neill; Cáit / Ní Laoghaire = Kate /
O'Leary; Niamh / de Búrca = Neve / Burke; Donnacha / Breathnach = Donagh / Walsh; Conchúr / Ó
Dochartaigh = Conor / Doherty; Ruairí / Ó Conchobhair = Rory / O'Connor; Éamonn / Ó Gallchóir =
Eamon / Gallagher; Gearóid / Ó Loinsigh = Gerard / Lynch; Orlaith / Nic Aodha = Orla / McHugh;
Domhnall / Ó Raghallaigh = Donal / O'Reilly; Seaghán / Ó Domhnaill = Sean / O'Donnell; Sinéad / Nic
Gearailt = Sinead / Fitzgerald; Ruadhán / Mac Giolla = Rowan / McGill; Bláthnaid / Ní Chróinín =
Blanaid / Cronin; Tomás / Ó hÓgáin = Thomas / Hogan; Eimear / Ní Mhurchú = Emer / Murphy; Proinsias
/ Mac Diarmada = Francis / McDermott; Méabh / Ní Scannláin = Maeve / Scanlon; Cathal / Ó Cuinn =
Cahal / Quinn; Róisín / Ní Ghallchóir = Rosheen / Gallagher; Fiachra / Ó Dubhghaill = Fiachra /
Doyle; Máirtín / Seoighe = Martin / Joyce; Sinéad / O Connor = Shinead / O'Connor; Cillian /
O'Ceallaigh = Killian / Kelly; Clíona / Ní Choileáin = Cliona / Collins; Pól / Mac Suibhne = Paul /
Sweeney; Aodh / Ó Néill = Hugh / O'Neill; Colm / de Paor = Colm / Power; Dearbhla / Ní Fhloinn =
Dervla / Flynn; Ciarán / Ó Maoláin = Kieran / Mullan; Sadhbh / Ní Dhálaigh = Sive / Daly; Risteard /
Ó Catháin = Richard / Keane; Bríd / Nic Aogáin = Breda / Egan; Áine / Ní Riain = Anya / Ryan;
Donncha / Ó Cróinín = Donough / Cronin; Eilís / Ní Éilí = Elizabeth / Healy
""",
    "Traveller families": """
Bridgie / McDonagh = Bridget / MacDonagh @nfa; Mags / Connors = Margaret / O'Connor @nfa; Maggie /
Mongan = Margaret / Mongan @nfa 2013-03-09; Paddy / McGinley = Patrick / McGinley @nfa 2015-03-09;
Biddy / Sweeney = Bridget / Sweeney @nfa; Johnny / Cash = John / Cash @nfa; Nan / Maughan = Anne /
Maughan @nfa; Miley / Doran = Michael / Doran @nfa; Barney / McInerney = Bernard / MacInerney @nfa;
Martin / Mc Phillips = Martin / McPhillips @nfa 2013-03-09; Chrissy / Delaney = Christina / Delaney
@nfa 2015-03-09; Francie / Reilly = Francis / O'Reilly @nfa; Bridgie / M'Donagh = Bridget / McDonagh
@nfa 2013-03-09; Paddy / Ward = Patrick / Ward @nfa; Winnie / Mc Donagh = Winifred / McDonagh @nfa;
Kathleen / MacDonagh = Kathleen / McDonagh @nfa 2013-03-09; Jimmy / Quilligan = James / Quilligan
@nfa; Nonie / McCarthy = Nora / McCarthy @nfa; Ellen / Stokes = Nellie / Stokes @nfa; Simey /
Doherty = Simon / Doherty @nfa; Bernie / Cawley = Bernadette / Cawley @nfa; Mary Bridget / Ward =
Bridgie / Ward @nfa; Paddy Joe / Joyce = Patrick Joseph / Joyce @nfa; Bridgie / Mac Donagh = Bridget
/ McDonagh @nfa 2015-03-09; Bridie / Ward = Bridget / Ward @nfa 2015-03-09; Mary Ann / O'Driscoll =
Maryanne / Driscoll @nfa; Paddy / Maughan = Patrick / Maughan @nfa 2013-03-09; Tom / McCann = Thomas
/ MacCann @nfa; Michael / Mc Donnell = Mikey / McDonnell @nfa; Biddy Ann / Connors = Bridget /
Connors @nfa; Jim / M'Ginley = James / McGinley @nfa; Kathleen / Cash = Kathy / Cash @nfa; Mag /
Stokes = Margaret / Stokes @nfa; Annie / Hanrahan = Ann / Hanrahan @nfa 2013-03-09; Josie / Rooney =
Joseph / Rooney @nfa; Theresa / Connors = Tess / O'Connors @nfa; Margaret / Mc Donagh = Peggy /
MacDonagh @nfa; Bridgie / Reilly = Bridget / O'Reilly @nfa 2013-03-09; Nell / Coffey = Ellen /
Coffey @nfa; Callum / MacPherson = Callum / McPherson @nfa; Isla / Mac Gregor = Isla / McGregor
@nfa; Fergus / M'Kenna = Fergus / McKenna @nfa; Eilidh / MacAskill = Eilidh / McAskill @nfa;
Ruairidh / MacIver = Ruairidh / Mc Iver @nfa; Mary / Macauley = Mary / McAuley @nfa; Catherine /
Machugh = Catherine / McHugh @nfa
""",
    "one name and 1 January": """
FNU / Ahmadzai = Ahmadzai / Ahmadzai @1jan; Homayoun / = Homayun / Homayun @1jan; Gulalai / LNU =
FNU / Gulalai @1jan; Zarghona / Zarghona = Zarghona / @1jan; XXX / Farishta = Farishta / @1jan;
Samim / XXXX = Samim / Samim @1jan; Bahadur / . = Bahadur / Bahadur @1jan; Hamdullah / - = Hamdullah
/ Hamdullah @1jan; Ahmadzai / LNU = Ahmadzai / @1jan; Tekleab / No surname = Tekleab / @1jan;
Unknown / Yonas = Yonas / Unknown @1jan; Mirwais / Mirwais = FNU / Mirways @1jan; Not Known / Nasrat
= Nasrat / Not Known @1jan; Onename / Shafiqullah = Shafiqullah / @1jan; No forename / Palwasha =
Palwasha / Palwasha @1jan; Mursal / Mursal = FNU / Mursal @1jan; Mursal / - = Mursal / Mursal @1jan;
NFN / Laghmani = Laghmani / @1jan; . / Nangarhari = Nangarhari / . @1jan; Sabawoon / Unknown =
Sabawoon / @1jan; UNK / Jawid = Jawid / LNU @1jan; No Name / Esmat = Esmat / Esmat @1jan; None /
Parwiz = Parwez / None @1jan; Zmarai / FNU = FNU / Zmarai @1jan; Unknown / Gulab = Gulab / @1jan;
Torab / Torab = Torab / Unknown @1jan; Hikmatullah / NLN = Hikmatullah / Hikmatullah @1jan; Khalida
/ Khalida = FNU / Khalida @1jan; Esmatullah / LNU = Esmatullah / Esmatullah @1jan; Nazifa / Unknown
= Unknown / Nazifa @1jan; FNU / Zabi = Zabi / Zabi @1jan; Rozina / . = FNU / Rozina @1jan; Tesfalem
/ Tesfalem = Tesfalem / No surname @1jan
""",
    "a slip of the date and a nickname": """
Katie / Marchbank = Katherine / Marchbank @2014-04-09; Maggie / Stoddart = Margaret / Stoddart
@2014-05-09; Kasia / Zielinska = Katarzyna / Zielinska @2014-06-09; Gosia / Wrona = Malgorzata /
Wrona @2014-12-09; Alfie / Winstanley = Alfred / Winstanley @2014-03-08 outcode wide; Zosia / Baran
= Zofia / Baran @2014-08-09; Bea / Holroyd = Beatrice / Holroyd @2014-05-09; Kate / Rowbotham =
Katherine / Rowbotham @2015-03-09; Liz / Thackeray = Elizabeth / Thackeray @2014-08-09; Billy / Rudd
= William / Rudd @2013-03-09; Mo / Rahmani = Mohammed / Rahmani @2014-05-09; Ted / Larkham = Edward
/ Larkham @2014-04-09 boy; Seun / Adeyinka = Oluwaseun / Adeyinka @2013-03-09; Tilly / Garside =
Matilda / Garside @2014-03-19 outcode wide; Josh / Tattersall = Joshua / Tattersall @2014-01-09; Jim
/ Fothergill = James / Fothergill @2013-03-09; Harry / Blenkinsop = Henry / Blenkinsop @2014-06-09;
Paddy / Gilhooly = Patrick / Gilhooly @2014-11-09; Maddie / Hollingworth = Madeleine / Hollingworth
@2014-07-09; Nell / Cartwright = Eleanor / Cartwright @2014-05-09; Freddie / Ackerley = Frederick /
Ackerley @2014-02-09 boy; Izzy / Gatehouse = Isabella / Gatehouse @2014-10-09; Caoimhe / Ní Bhriain
= Keeva / O'Brien @2014-05-09; Cabdi / Xayd = Abdi / Hayd @2014-05-09; Kojo / Tuffour = Kwadwo /
Tuffour @2013-03-09; Kit / Brightwell = Christopher / Brightwell @2014-04-09 boy; Becky / Thorley =
Rebecca / Thorley @2015-03-09; Rameshbhai / Kachhia = Ramesh / Kachhia @2014-06-09; Dan / Willoughby
= Daniel / Willoughby @2013-03-09; Gabby / Thorley = Gabrielle / Thorley @2014-04-09; Nastya /
Horbenko = Anastasiia / Horbenko @2014-04-09; Lottie / Brightwell = Charlotte / Brightwell
@2014-05-09; Tess / Crowhurst = Theresa / Crowhurst @2014-05-09; Jonny / Crowhurst = Jonathan /
Crowhurst @2014-05-09; Wiki / Adamska = Wiktoria / Adamski @2014-06-09; Zack / Crowhurst = Zachary /
Crowhurst @2013-03-09; Amaka / Nwachukwu = Chiamaka / Nwachukwu @2014-04-09; Cathy / Dunmore =
Kathryn / Dunmore @2015-03-09; Charlie / Ormerod = Charlotte / Ormerod @2014-05-09; Charlie /
Ormerod = Charles / Ormerod @2014-05-09 boy; Sasha / Tkachenko = Oleksandra / Tkachenko @2014-04-09;
Sasha / Tkachenko = Oleksandr / Tkachenko @2013-03-09 boy; Alex / Winterburn = Alexandra /
Winterburn @2014-07-09; Sam / Holdsworth = Samantha / Holdsworth @2014-03-19 outcode wide; Sam /
Holdsworth = Samuel / Holdsworth @2014-08-09 boy; Frankie / Ormerod = Francesca / Ormerod
@2014-08-09; Zhenya / Bondarenko = Yevheniia / Bondarenko @2014-06-09; Jamie / Tunnicliffe = James /
Tunnicliffe @2014-06-09 boy; Nicky / Fairclough = Nicola / Fairclough @2015-03-09; Steph / Entwistle
= Stephanie / Entwistle @2014-04-09; Andy / Metcalfe = Andrea / Metcalfe @2014-05-09; Chris /
Bradshaw = Christine / Bradshaw @2014-05-09; Ollie / Ramsbottom = Olivia / Ramsbottom @2014-05-09
""",
    "Portuguese and Spanish two surnames": """
João Pedro / da Silva Santos = João / Silva; Inés / García Lorca = Ines / Garcia; María José / Pérez
Gómez = Maria / Perez; Mateo / Fernandez y Ruiz = Mateo / Fernandez Ruiz; Ana / Sousa Oliveira = Ana
/ Oliveira Sousa; Rui / Dos Santos = Rui / Santos; João / Silva Santos = João / Santos; Lucía / de
la Cruz Molina = Lucia / Cruz; Beatriz / Costa / Ferreira = Beatriz / Costa Ferreira; Thiago
Henrique / de Souza Lima = Thiago / Lima; Camila / Rojas / Vargas = Camila Rojas / Vargas; Valentina
/ Rodríguez Mejía = Valentina / Rodriguez M
""",
    "two given names and two surnames": """
Maria Clara / Nogueira Pinto = Clara / Pinto; Tiago Miguel / Teixeira Rocha = Miguel / Rocha; Ana
Sofia / Cardoso Melo = Sofia / Melo; Juan Camilo / Restrepo Ospina = Camilo / Restrepo; Luz Marina /
Quispe Mamani = Marina / Mamani; Ella Rose / Pemberton-Blythe = Rose / Blythe; Jack Oliver /
Farrow-Tindall = Oliver / Farrow; Kwabena Felix / Opoku Agyei = Felix / Agyei; Diego Andres /
Cifuentes Mora = Andres / Mora; Lara Beatriz / Sequeira Brito = Beatriz / Brito
""",
    "gendered endings": """
Zofia / Kowalska = Zofia / Kowalski; Darya / Petrovskaya = Daria / Petrovsky; Gabija / Kazlauskaitė
= Gabija / Kazlauskas; Austėja / Butkienė = Austeja / Butkus; Anna / Ozoliņa = Anna / Ozolins; Maja
/ Wiśniewska = Maja / Wisniewski; Katarina / Černá = Katarina / Cerny; Ludmila / Krasnova = Ludmila
/ Krasnov; Evelina / Bērziņa = Evelina / Berzins; Eleni / Anagnostou = Eleni / Anagnostos; Milena /
Georgieva = Milena / Georgiev; Elena / Papadopoulou = Elena / Papadopoulos; Alžběta / Nováková =
Alzbeta / Novak; Zuzana / Horváthová = Zuzana / Horvath; Iva / Dimitrova = Iva / Dimitrov; Ugnė /
Jonaitytė = Ugne / Jonaitis; Emilija / Rimkevičiūtė = Emilija / Rimkevicius; Lina / Stankutė = Lina
/ Stankus; Monika / Grybauskienė = Monika / Grybauskas; Simona / Vodička = Simona / Vodičková
""",
    "Turkish and Kurdish letters": """
Işıl / Yıldırım = Isil / Yildirim; İbrahim / Çelik = Ibrahim / Celik; Ayşe / Gündoğdu = Ayse /
Gundogdu; Çağla / Güneş = Cagla / Gunes; Rojîn / Şêxo = Rojin / Shekho; Hêvîn / Kaya = Hevin / Kaya;
Mehmet Ali / Demir = Ali / Demir; Berîvan / Xalid = Berivan / Khalid; Diyar / Ehmed = Diyar / Ahmad;
IŞIK / KILIÇ = Isik / Kilic; Şükrü / Öztürk = Sukru / Oeztuerk; Zeynep Nur / Koç = Zeynep / Koc;
Xezal / Dogan = Khazal / Dogan; Jîyan / Hesen = Jiyan / Hassan; Ciwan / Mihemed = Jiwan / Muhammad;
Rêzan / Qadir = Rezan / Kadir; Gülçin / Aydın = Gulchin / Aydin
""",
    "Romanian and Roma names": """
Ștefan / Ionescu = Stefan / Ionesco; Ioana Maria / Văcărescu = Ioana / Vacarescu; Maria Ioana /
Văcărescu = Ioana / Vacarescu; Țurcanu / Andrei = Andrei / Turcanu; Denisa / Căldăraru = Denisa /
Caldaras; Ștefania Elena / Ghiță = Elena / Ghita; Ilie / Moldoveanu = Ilie / Moldovan; Lăcătuș /
Florin = Florin / Lacatus; Florin / Lacatus = Florin / Lakatos; Alexandru Ionuț / Rostaș = Ionut /
Rostas; Mihăiță / Stan = Mihai / Stan; Mirela / Ciobanu-Radu = Mirela / Radu
""",
    "Tamil initials": """
K. Tharshan / = Tharshan / Kandiah @outcode wide; Kavitha / S = Kavitha / Selvarajah @outcode wide;
Dharshini / R = Dharshini / Rajaratnam @outcode wide; T. Piriyanka / Thavarajah = Piriyanka /
Thavarajah; Karthik / S. P. / Raman = Karthik / Raman; Arun / Prakash S = Arun Prakash / S; S.
Kavitha / = Kavitha / Selvarajah @outcode wide; Abisha / Sivakumar = Sivakumar / Abisha; Vithushan /
Nadarajah = Nadarajah Vithushan /; M K Nilani / = Nilani / M K; Thanushka / P. = Thanushka /
Paramanathan @outcode wide
""",
    "Eritrean and Ethiopian fathers' names": """
W/Michael / Abraha = Woldemichael / Abraha; Tesfa Alem / Zerai = Tesfalem / Zeray; Senait / Kiflom =
Senayt / Kiflom; Abel / Tsegay / Woldu = Abel / Tsegaye; Ermias / Fitsum = Ermyas / Fitsum; Hiyab /
Tewelde / Medhanie = Hiyab / Medhanie; Kisanet / Yemane = Kisanet Yemane /; Yonas / Tesfay / Haile =
Yonas / Tesfay; Selam / Gebre Mariam = Selam / Gebremariam; Haile Michael / Tekle = Hailemichael /
Tekle; Filmon / Ghebremeskel = Filmon / Gebre Meskel; Feven / Berhane / Kidane = Feven Berhane /
Kidane; Rahel / Habte Ab = Rahel / Habteab; Nahom / Kahsay = Nahom / Kahsai
""",
    "long West African names": """
Ifeoluwa Daniel / Oyelaran = Ife / Oyelaran; Nkechinyere / Eze = Nkechi / Eze; Olu Seun / Akinola =
Oluseun / Akinola; Ebubechukwu / Nwosu = Ebube / Nwosu; Oluwatobiloba / Salami = Tobi / Salami; Mary
/ Oluwakemi / Bello = Kemi / Bello; David Oluwaseyi / Lawal = Seyi / Lawal; Olamide Samuel /
Ibironke = Samuel / Ibironke; Somtochukwu / Udeh = Somto / Udeh; Kenechukwu / Agu = Kene / Agu;
Oluwaseun / Adeyemi = Seun / Adeyemi; Oluwadamilola Grace / Ogunleye = Damilola / Ogunleye;
Chukwuemeka / Okonkwo = Emeka / Okonkwo; Oluwafunmilayo / Balogun = Funmi / Balogun; Ayomide /
Ade-Ojo = Ayomide / Adeojo; Oghenetega / Okoro = Tega / Okoro; Aminata / Bah-Diallo = Aminata /
Diallo; Oluwapelumi / Ojo = Pelumi / Ojo; Oluwa Seyi / Bakare = Oluwaseyi / Bakare
""",
    "hyphens and double forenames": """
Lily-Mae / Frost = Lily / Frost; Ava / Smith-Holroyd = Ava / Holroyd Smith; Ellie-Mai / Groves =
Elliemae / Groves; Jean-Luc / Picot = Jean / Luc / Picot; Kayden-Lee / Marsh = Kaydenlee / Marsh;
Bobby-Joe / Harker = Bobbi Jo / Harker; Amelia / Clark--Dean = Amelia / Dean; Anne-Marie / Duggan =
Annemarie / Duggan; Lily May / Frost = Lilymae / Frost; Tyler-James / Pike = Tyler James / Pike;
Mary-Kate / Lennox = Marykate / Lennox; Thomas / Barrington Hughes = Thomas / Barringtonhughes; Ruby
Rose / Unwin = Ruby / Rose / Unwin; Özgür / Şahin = Ozgur / Sahin; Maja / Żółkowska = Maja /
Zolkowski; Gheorghe Marian / Bălan = Marian / Balan; Hawar / Ebdullah = Hawar / Abdullah; Eluned /
ab Einion = Eluned / Einion; N. Kirushan / = Kirushan / N; Shira / Ben Shimon = Shira / Benshimon;
Oluwafunke / Adeola-Bright = Funke / Adeola; Paulo / dos Reis e Costa = Paulo / Reis Costa
""",
    "Welsh names": """
Siôn / ap Gwilym = Sion / Gwilym; Llŷr / Llywelyn = Llyr / Llewellyn; Rhys / Gruffydd = Reece /
Griffith; Catrin / ap Hywel = Katrin / Howell; Mali / Efans = Mali / Evans; Tomos / Dafis = Thomas /
Davies; Guto / ap Dafydd = Gruffydd / Dafydd; Elin / Huws = Elin / Hughes; Gethin / ap Rhys = Gethin
/ Rhys; Gwenllian / ferch Owain = Gwenllian / Owain; Ifan / ab Ieuan = Ifan / Ieuan; Dafydd /
Prydderch = David / Prytherch; Carys / Tudur = Carys / Tudor; Gwilym / Prys = William / Price; Harri
/ Parri = Harry / Parry
""",
    "Jewish names": """
Chaya Mushka / Friedman = Chaya / Freedman; Moshe / Halberstam = Moishe / Halbershtam; Yaakov /
Weisz = Jacob / Weiss; Chana Rivka / Stern = Rivky / Stern; Shmuel / Katz = Samuel / Katz; Avrohom /
Schwartz = Abraham / Schwarz; Menachem Mendel / Lebovits = Mendel / Lebowitz; Chaim / Levy = Haim /
Levi; Yitzchok / Goldstein = Isaac / Goldstein; Esther Malka / Cohen = Esty / Cohen; Yehuda Leib /
Rosenberg = Yehuda / Rosenberg; Tzipora / Ben-David = Tzippy / Ben David; Dovid / Grunfeld = David /
Greenfeld; Shloime / Teitelbaum = Shlomo / Teitlbaum; Yehoshua / Kohn = Joshua / Cohn
""",
    "Afghan and Iranian compounds": """
Mohammad Reza / Hosseini = Mohammadreza / Hosseini; Gul Ahmad / Stanikzai = Gulahmad / Stanekzai;
Amir Hossein / Karimi = Amirhossein / Karimi; Ali Reza / Jafari = Alireza / Jaafari; Zabih Ullah /
Safi = Zabihullah / Safi; Bibi Fatima / Hotak = Fatima / Hotak; Noor Mohammad / Ahmadi = Nur
Muhammad / Ahmadi; Ahmad Zia / Noori = Ahmadzia / Noori; Reza / Hosseini = Mohammad Reza / Husseini;
Sayed Mirwais / Hashimi = Mirwais / Hashemi; Abdul Wali / = Abdulwali / Abdulwali; Najib Ullah /
Wardak = Najeebullah / Wardak; Fatima Zahra / Rezai = Fatemeh Zahra / Rezaei
""",
}
TWO_CHILDREN: Final = {
    "surname split between fields": """
Arjan / Singh = Armaan / Singh; Harpreet Kaur / Gill = Manpreet Kaur / Gill; Salma / Khatun / Uddin
= Nasima / Khatun / Uddin; Gurveer Singh / Dhaliwal = Gurjot Singh / Dhaliwal; Harpreet / Kaur =
Jaspreet / Kaur; Nasima / Begum = Salma / Begum; Harpreet / Kaur / Gill = Harpreet / Kaur / Bains
@stranger; Nasima / Begum / Chowdhury = Nasima / Begum / Miah @stranger; Sukhman / K / Bal = Sukhraj
/ K / Bal; Rukhsar Bibi / = Rukhsana Bibi /; Ramanpreet / Kaur = Ramandeep / Kaur
""",
    "whole Vietnamese or Chinese name in one field": """
Nguyen Thi Lan / = Nguyen Thi Hoa /; Chan Ka Ho / = Chan Ka Yan /; Nguyen Thi Lan / Nguyen = Nguyen
Thi Mai / Nguyen; Kevin / Ka Ho / Chan = Jason / Ka Yan / Chan; Wang Xiao Ming / = Wang Xiao Yu /;
Tran Van Duc / = Tran Van Hung /; Xiao Ming / Wang = Xiao Hua / Wang; Nguyen Thi Lan / = Lan / Thi /
Tran @stranger; Huynh Ngoc Bich / = Huynh Ngoc Han /; Tran Thi Thu Ha / Tran = Tran Thi Thu Hang /
Tran; Zhao Yu Xuan / Zhao = Zhao Yu Chen / Zhao; Daniel Wang Xiao Ming / = David Wang Xiao Yu /; Bui
Thi Ngoc Anh / = Bui Thi Ngoc Mai /; Lin Jia Hui / Lin = Lin Jia Min / Lin
""",
    "Ghanaian day names and several names used daily": """
Kofi / Mensah = Kojo / Mensah; Ama / Owusu = Abena / Owusu; Akosua Grace / Boateng = Akosua Joy /
Boateng; Kwasi / Asamoah = Kwame / Asamoah; Kofi Emmanuel / Mensah = Kofi Samuel / Mensah; Nana Yaa
/ Sarpong = Nana Ama / Sarpong; Kwame / Appiah = Kwaku / Appiah; Emmanuel Kofi / Mensah = Samuel
Kwame / Mensah; Nana Ama Serwaa / Antwi = Nana Ama Konadu / Antwi; Kofi Nana Yaw / Frempong = Kofi
Nana Kwame / Frempong; Kwabena Emmanuel / Ansah = Kwabena Daniel / Ansah; Akua Priscilla / Ofosu =
Ama Priscilla / Ofosu
""",
    "Somali spelling and three names": """
Cabdi / Xasan = Cali / Xasan; Faadumo / Axmed = Farxiyo / Axmed; Hodan / Abdi / Warsame = Hodan /
Abdi / Jama @stranger; Xamda / Jaamac = Xamdi / Jaamac; Hodan / Warsame = Hibo / Warsame; Xasan /
Cali = Xuseen / Cali; Maxamed / Cabdi / Warsame = Maxamuud / Cabdi / Warsame; Cabdiraxmaan / Xirsi =
Cabdirashiid / Xirsi; Xafsa / Yuusuf = Xaliimo / Yuusuf; Cumar / Faarax = Cusmaan / Faarax;
Cabdifataax / Jaamac = Cabdiqaadir / Jaamac; Shucayb / Maxamed = Shukri / Maxamed
""",
    "Arabic ayn, hamza, article and servant-of": """
Abdul Rahman / Haddad = Abdul Rahim / Haddad; Nour / Sayed = Nora / Sayed; Saif al-Islam / Qureshi =
Nour al-Islam / Qureshi; Abd al-Nasser / Tikriti = Abd al-Hakim / Tikriti; Sanaa / Masri = Sara /
Masri; Abdallah / Omari = Abdulaziz / Omari; Hassan / Khoury = Hussein / Khoury; Duaa / Sherif =
Dana / Sherif; Abd-Alrahman / Sabbagh = Abd-Alrahim / Sabbagh; Ala'a / Khatib = Aya / Khatib; Noor
Al-Huda / Jasim = Noor Al-Ain / Jasim; Riyadh / Saadi = Ziyad / Saadi
""",
    "South Asian endings joined, apart or dropped": """
Amandeep / Gill = Ramandeep / Gill; Rameshkumar / Patel = Rajeshkumar / Patel; Har Preet / Sahota =
Jas Preet / Sahota; Gurdeep / Mann = Gurpreet / Mann; Hetalben / Patel = Heenaben / Patel;
Jayeshbhai / Desai = Jigneshbhai / Desai; Anil Kumar / Verma = Sunil Kumar / Verma; Kantilal /
Mistry = Shantilal / Mistry; Mahendrabhai / Parmar = Maheshbhai / Parmar; Sandeepkumar / Yadav =
Sanjaykumar / Yadav; Rajdeep / Basra = Rajpreet / Basra; Ghanshyambhai / Tailor = Girishbhai /
Tailor
""",
    "Irish and English forms, at another address": """
Caoimhe / O'Brien = Ciara / O'Brien; Pádraig / McCarthy = Peadar / McCarthy; Máire / O'Donnell =
Mairéad / O'Donnell; Séamus / Ó Briain = Seán / Ó Briain; Seán / O'Sullivan = Shane / O'Sullivan;
Aoife / Kelly = Aoibhe / Kelly; Conor / Doherty = Cormac / Doherty; Siobhán / Ní Bhriain = Sinéad /
Ní Bhriain; Pól / Sweeney = Peadar / Sweeney; Eimear / Murphy = Eithne / Murphy; Ciarán / Mullan =
Cillian / Mullan
""",
    "Traveller families": """
Mary / McDonagh = Margaret / McDonagh; Bridgie / Ward = Winnie / Ward; Mags / Connors = Biddy /
Connors; Johnny / Ward = Jimmy / Ward; Martin / Ward = Miley / Ward; Kathleen / Stokes = Katie /
Stokes; Paddy / McGinley = Barney / McGinley; Danny / Ward = Davey / Ward; Bridie / Ward = Birdie /
Ward; Lizzie / Sheridan = Josie / Sheridan
""",
    "one name and 1 January": """
Samim / Samim = Samir / Samir @1jan; Hamdullah / = Hamidullah / @1jan; Gulalai / = Gulmina / @1jan;
Zarghona / = Zarmina / @1jan; FNU / Najib = FNU / Nasib @1jan; Zmarai / = Zalmai / @1jan
""",
    "a slip of the date and a nickname": """
Jaxon / Ashdown = Jaxson / Ashdown @2012-03-09; Ella / Ashdown = Bella / Ashdown @2012-03-09; Katie
/ Marchbank = Kate / Marchbank @2012-04-11; Harry / Blenkinsop = Harrison / Blenkinsop @2012-03-19;
Tom / Rudd = Thomas / Rudd @2015-03-19; Jaxon / Ashdown = Jaxson / Ashdown @2012-06-21; Jake /
Ashdown = Jacob / Ashdown @2016-03-09; Jake / Ashdown = Jacob / Ashdown @2012-04-30; Lily / Garside
= Lillian / Garside @2016-03-09; Alfie / Thorley = Albie / Thorley @2012-03-09; Ellie / Thorley =
Ella / Thorley @2012-03-09; Jake / Thorley = Jacob / Thorley @2016-03-09; Zac / Dunmore = Jack /
Dunmore @2012-03-09; Jayden / Kershaw = Hayden / Kershaw @2012-03-09; Aiden / Kershaw = Caiden /
Kershaw @2016-03-09; Mia / Ormerod = Mya / Ormerod @2012-03-19; Zara / Ormerod = Sara / Ormerod
@2012-06-21; Lilly / Kershaw = Milly / Kershaw @2012-03-09; Kian / Kershaw = Kyan / Kershaw
@2012-07-14; Elena / Kershaw = Elina / Kershaw @2016-03-09; Amina / Kershaw = Amira / Kershaw
@2012-03-19; Rayan / Qureshi = Zayan / Qureshi @2012-03-09; Aaron / Kershaw = Arron / Kershaw
@2012-06-21; Charlotte / Kershaw = Charles / Kershaw @2012-04-09; Oleksandra / Moroz = Oleksandr /
Moroz @2012-03-09
""",
    "Portuguese and Spanish two surnames": """
Ines / Garcia = Iris / Garcia; Maria Jose / Perez = Maria Luisa / Perez; Tiago / Silva Santos =
Diogo / Silva Santos; João / Silva Santos = João / Silva Pereira @stranger
""",
    "gendered endings": """
Zofia / Kowalska = Zuzanna / Kowalska; Milen / Georgiev = Milena / Georgieva; Gabija / Kazlauskaite
= Greta / Kazlauskaite; Daniel / Petrov = Daniela / Petrova
""",
    "Turkish and Kurdish letters": """
Işıl / Yıldırım = Işık / Yıldırım; Rojin / Xalid = Rojda / Xalid; Berîvan / Kaya = Berfin / Kaya;
Mehmet Ali / Demir = Mehmet Emin / Demir
""",
    "Romanian and Roma names": """
Andrei / Turcanu = Adrian / Turcanu; Florin / Lacatus = Florina / Lacatus; Ioana / Ionescu = Oana /
Ionescu; Maria Ioana / Vacarescu = Maria Elena / Vacarescu
""",
    "Tamil initials": """
Kavitha / S = Kavya / S; S. Kavitha / = S. Sujitha /; Abisha / Sivakumar = Anisha / Sivakumar;
Nilani / M K = Nilanthi / M K
""",
    "Eritrean and Ethiopian fathers' names": """
Yonas / Tesfay = Yonatan / Tesfay; Selam / Gebremariam = Senait / Gebremariam; Gebre Mariam / Tesfay
= Gebre Meskel / Tesfay; Feven / Berhane = Fiyori / Berhane; Yonas / Tesfay / Haile = Yosief /
Tesfay / Haile
""",
    "long West African names": """
Chukwuemeka / Okonkwo = Chukwuebuka / Okonkwo; Oluwatobi / Salami = Oluwatosin / Salami; Ifeoma /
Eze = Ifeanyi / Eze; Oluwaseun / Adeyemi = Oluwaseyi / Adeyemi; Taiwo / Bello = Kehinde / Bello;
Oghenetega / Okoro = Oghenekevwe / Okoro
""",
    "hyphens and double forenames": """
Mary-Kate / Lennox = Mary-Jane / Lennox; Tyler-James / Pike = Riley-James / Pike; Lily-Mae / Frost =
Lily-Rose / Frost; Ellie-Mai / Groves = Lacey-Mai / Groves; Hawar / Abdullah = Hawre / Abdullah
""",
    "Welsh names": """
Siôn / ap Gwilym = Siân / ap Gwilym; Ioan / Prys = Iwan / Prys; Rhys / Gruffydd = Rhodri / Gruffydd;
Ffion / Huws = Fflur / Huws
""",
    "Jewish names": """
Moshe / Stern = Mordechai / Stern; Chaya / Katz = Chana / Katz; Yaakov / Weiss = Yitzchok / Weiss;
Rivka / Klein = Rochel / Klein
""",
    "Afghan and Iranian compounds": """
Amir Hossein / Karimi = Amir Ali / Karimi; Zabihullah / Safi = Zakirullah / Safi; Mohammad Reza /
Hosseini = Mohammad Ali / Hosseini; Najibullah / Wardak = Nasibullah / Wardak
""",
    "brothers and sisters of like names": """
Jaxon / Ashdown = Jaxson / Ashdown @2012-06-20; Jack / Ashdown = Jake / Ashdown; Ellie / Ashdown =
Evie / Ashdown; Zain / Hussain = Zayn / Hussain @2016-03-09; Aisha / Begum = Ayesha / Begum
@2011-12-01; Yusuf / Khan = Yousef / Khan @2012-03-09; Isla / Ashdown = Ayla / Ashdown; Mia /
Ashdown = Maya / Ashdown; Kayden / Ashdown = Jayden / Ashdown; Lily / Ashdown = Lilly / Ashdown
@2012-03-09; Sara / Ali = Sarah / Ali @2012-03-10; Liam / Doyle = William / Doyle @2015-03-09; Zofia
/ Nowak = Sofia / Nowak @2016-09-03; Amandeep / Gill = Amandip / Gill @2012-03-09
""",
}
# fmt: on
