# Twin of reject/d1-destination-is-the-first-source.s, without the fault.
function f
        .byte 0x62,0xf6,0x7f,0x48,0xd6,0xca
        ret
end f
