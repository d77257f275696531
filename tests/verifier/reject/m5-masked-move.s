# M5. maskmovdqu stores through rdi.
function f
bad:    maskmovdqu %xmm0, %xmm1
        ret
end f
