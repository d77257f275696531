# Twin of reject/d1-destination-is-a-high-source.s, without the fault.
function f
        .byte 0x62,0xe6,0x77,0x48,0xd6,0xca
        ret
end f
