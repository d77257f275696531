# D3. 2e on a branch is a hint to some processors.
function f
bad:    .byte 0x2e,0x74,0x00
        ret
end f
