# M3. With 65 67 the base is eip: an address of the host as a guest address.
function f
bad:    .byte 0x65,0x67,0x8b,0x0d,0,0,0,0
        ret
end f
