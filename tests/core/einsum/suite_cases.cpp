#include "suite_cases.h"

#include <string>
#include <string_view>

namespace tenon::test {

std::span<const SuiteCase> numpy_cases() {
  static const std::vector<SuiteCase> cases = {
      // sums and products over lengths that leave every remainder
      {"i->", {{kAny}}},
      {"...i->...", {{2, 3, kAny}}},
      {"i...->...", {{2, kAny}}},
      {"i...->...", {{2, 3, kAny}}},
      {"ii", {{kAny, kAny}}},
      {"..., ...", {{3, kAny}, {2, 3, kAny}}},
      {"...i, ...i", {{2, 3, kAny}, {kAny}}},
      {"i..., i...", {{kAny, 3, 2}, {kAny}}},
      {"i,j", {{3}, {kAny}}},
      {"ij, j", {{4, kAny}, {kAny}}},
      {"ji,j", {{kAny, 4}, {kAny}}},
      {"ij,jk", {{4, kAny}, {kAny, 6}}},
      {"...,...", {{kAny}, {kAny}}},
      {"i,i", {{kAny}, {kAny}}},
      {"i,->i", {{kAny}, {}}},
      {",i->i", {{}, {kAny}}},
      {"i,->", {{kAny}, {}}},
      {",i->", {{}, {kAny}}},
      {"..., ...", {{}, {}}},
      {"ij,jk,kl", {{3, 4}, {4, 5}, {5, 6}}},
      {"ijk, jil -> kl", {{3, 4, 5}, {4, 3, 2}}},
      {"i,i,i->i", {{8}, {8}, {8}}},
      {"z,mz,zm->", {{2}, {2, 2}, {2, 2}}},
      // views
      {"...", {{2, 3}}},
      {"ij", {{2, 3}}},
      {"ji", {{2, 3}}},
      {"ii->i", {{3, 3}}},
      {"...ii->...i", {{3, 3, 3}}},
      {"ii...->...i", {{3, 3, 3}}},
      {"...ii->i...", {{3, 3, 3}}},
      {"jii->ij", {{3, 3, 3}}},
      {"ii...->i...", {{3, 3, 3}}},
      {"i...i->i...", {{3, 3, 3}}},
      {"i...i->...i", {{3, 3, 3}}},
      {"iii->i", {{3, 3, 3}}},
      {"ijk->jik", {{2, 3, 4}}},
      // single elements that stretch
      {"ij,ij->j", {{10, 2}, {1, 2}}},
      {"i, i", {{2}, {1}}},
      {"...ij,...jk->...ik", {{1, 5}, {1, 5}}},
      {"...ij,...jk->...ik", {{1, 5}, {5, 5}}},
      {"ij...,j...->i...", {{1, 2}, {2, 2, 1}}},
      {"...i,...i", {{3}, {3}}},
      {"ji,i->", {{2, 2}, {2}}},
      {"i,ij->", {{2}, {2, 2}}},
      {"ij,i->", {{2, 2}, {2}}},
      {"ijklm,ijn,ijn->", {{5, 12, 4, 2, 3}, {5, 12, 11}, {5, 12, 11}}},
      {"ijklm,ijn->", {{5, 12, 4, 2, 3}, {5, 12, 11}}},
      {"x,yx,zx->xzy", {{2}, {2, 2}, {4, 2}}},
      {"i,j", {{1}, {1}}},
      // "..."
      {"ijk,j->ijk", {{2, 3, 4}, {3}}},
      {"ij...,j...->ij...", {{2, 3, 4}, {3}}},
      {"ij...,...j->ij...", {{2, 3, 4}, {3}}},
      {"ij...,j->ij...", {{2, 3, 4}, {3}}},
      {"ik,kj->ij", {{4, 3}, {3, 2}}},
      {"ik...,k...->i...", {{4, 3}, {3, 2}}},
      {"ik...,...kj->i...j", {{4, 3}, {3, 2}}},
      {"...k,kj", {{4, 3}, {3, 2}}},
      {"ik,k...->i...", {{4, 3}, {3, 2}}},
      {"ijkl,k->ijl", {{2, 3, 4, 5}, {4}}},
      {"ijkl,k", {{2, 3, 4, 5}, {4}}},
      {"...kl,k", {{2, 3, 4, 5}, {4}}},
      {"...kl,k...", {{2, 3, 4, 5}, {4}}},
      // (160, 160, 120) in the suite
      {"...lmn,...lmno->...o", {{1, 1, 1, 16, 16, 12}, {16, 16, 12, 3}}},
      {"...lmn,lmno->...o", {{1, 1, 1, 16, 16, 12}, {16, 16, 12, 3}}},
      // what once failed there
      {"cl, cpx->lpx", {{2, 3}, {2, 3, 2731}}},
      {"cl, cpxy->lpxy", {{3, 3}, {3, 3, 64, 64}}},
      {"aabb->ab", {{5, 5, 5, 5}}},
      {"ijij->", {{10, 10, 10, 10}}},
      {"mi,mi,mi->m", {{5, 5}, {5, 5}, {5, 5}}},
      {"im,im,im->m", {{5, 5}, {5, 5}, {5, 5}}},
      {"ij,jk->ik", {{2, 2}, {2, 2}}},
      {"i,i->i", {{7}, {7}}},
      {"i,i->", {{7}, {7}}},
      {"i,i,i->", {{5}, {5}, {5}}},
      {"i,i,i,i->", {{5}, {5}, {5}, {5}}},
      {"...ij,...jk->...ik", {{2, 1, 1}, {2, 1, 1}}},
      {"...ij,...jk->...ik", {{3, 3}, {3, 3}}},
      {"bbcdc->d", {{1, 1, 3, 1, 3}}},
      {"ijk,kl,jl", {{1, 5, 4}, {4, 6}, {5, 6}}},
      {"ijk,kl,jl,i->i", {{1, 5, 4}, {4, 6}, {5, 6}, {10}}},
      {"abjk,kl,jl", {{1, 1, 5, 4}, {4, 6}, {5, 6}}},
      {"abjk,kl,jl,ab->ab", {{1, 1, 5, 4}, {4, 6}, {5, 6}, {7, 7}}},
      {"obk,ijk->ioj", {{2, 4, 8}, {2, 4, 8}}},
      {"...ft,mf->...mt", {{2, 3, 5}, {4, 3}}},
      {"a,ac,ab,ad,cd,bd,bc->", {{20}, {20, 20}, {20, 20}, {20, 20}, {20, 20}, {20, 20}, {20, 20}}},
      // blanks
      {"...a->...a", {{1, 1}}},
      {" ...a->...a", {{1, 1}}},
      {"...a ->...a", {{1, 1}}},
      {"...a-> ...a", {{1, 1}}},
      {"...a->...a ", {{1, 1}}},
      {" ...a -> ...a ", {{1, 1}}},
  };
  return cases;
}

std::span<const SuiteCase> opt_einsum_cases() {
  static const std::vector<SuiteCase> cases = {
      {"ij,jk,kl->il", {{2, 2}, {2, 2}, {2, 2}}},
      {"ab,bc,bd->acd", {{5, 4}, {1, 5}, {4, 20}}},
      {"ajk,kbl,jl,ab->ab", {{1, 5, 4}, {4, 1, 6}, {5, 6}, {7, 7}}},
      {"->", {{}}},
      {",,->", {{}, {}, {}}},
      {"ab,->", {{2, 2}, {}}},
      {"ab,bc->ac", {{2, 2}, {2, 2}}},
      {"...a,ab", {{2, 3}, {3, 4}}},
      {"ab,bc,cd", {{2, 3}, {3, 4}, {4, 5}}},
      {"ab,bc,cd", {{1, 2}, {2, 1}, {1, 2}}},
      {"a,b,c", {{1}, {1}, {1}}},
      {"nlp,nlq,pl->n", {{1, 1, 1}, {1, 1, 1}, {1, 1}}},
      // all 20 in the suite
      {"abc,cfd,dbe,efa", {{4, 4, 4}, {4, 4, 4}, {4, 4, 4}, {4, 4, 4}}},
      {"cba", {{2, 3, 4}}},
      {"cxa", {{2, 3, 4}}},
  };
  return cases;
}

std::span<const SuiteCase> pytorch_cases() {
  static const std::vector<SuiteCase> cases = {
      {"i->", {{5}}},
      {"i,i->", {{5}, {5}}},
      {"i,i->i", {{5}, {5}}},
      {"i,j->ij", {{5}, {7}}},
      {"ij->ji", {{3, 5}}},
      {"ij->j", {{3, 5}}},
      {"ij->i", {{3, 5}}},
      {"ij,ij->ij", {{3, 5}, {3, 5}}},
      {"ij,j->i", {{3, 5}, {5}}},
      {"ij,kj->ik", {{3, 5}, {2, 5}}},
      {"ij,ab->ijab", {{3, 5}, {7, 9}}},
      {"Aij,Ajk->Aik", {{2, 3, 5}, {2, 5, 7}}},
      {"ijk,jk->i", {{2, 3, 5}, {3, 5}}},
      {"aij,jk->aik", {{2, 5, 7}, {7, 9}}},
      {"abCd,dFg->abCFg", {{2, 3, 3, 5}, {5, 4, 6}}},
      {"ijk,jk->ik", {{2, 3, 5}, {3, 5}}},
      {"ijk,jk->ij", {{2, 3, 5}, {3, 5}}},
      {"ijk,ik->j", {{2, 3, 5}, {2, 5}}},
      {"ijk,ik->jk", {{2, 3, 5}, {2, 5}}},
      {"ii", {{4, 4}}},
      {"ii->i", {{4, 4}}},
      {"iji->j", {{2, 3, 2}}},
      {"ngrg...->nrg...", {{2, 1, 3, 1, 4}}},
      {"i...->...", {{4, 4}}},
      {"ki,...k->i...", {{5, 3}, {2, 5}}},
      {"k...,jk->...", {{5, 3}, {2, 5}}},
      {"...ik, ...j -> ...ij", {{2, 3, 5}, {5}}},
      {"Bik,k...j->i...j", {{2, 3, 5}, {5, 3}}},
      {"i...j, ij... -> ...ij", {{2, 3, 5}, {2, 5, 2, 3}}},
      {"bn,anm,bm->ba", {{5, 10}, {15, 10, 20}, {5, 20}}},
      {"bn,Anm,bm->bA", {{5, 5}, {15, 5, 10}, {5, 10}}},
      // the list form, in letters
      {"a", {{5}}},
      {"a->", {{5}}},
      {"a,b->ab", {{5}, {7}}},
      {"ab->ba", {{3, 5}}},
      {"ab,b->a", {{3, 5}, {5}}},
      {"ab,cb", {{3, 5}, {2, 5}}},
      {"ab,cb->ac", {{3, 5}, {2, 5}}},
      {"abcb...->acb...", {{2, 1, 3, 1, 4}}},
      {"ab,...a", {{5, 3}, {2, 5}}},
      {"ab,...a->b...", {{5, 3}, {2, 5}}},
      {"a...,ba->...", {{5, 3}, {2, 5}}},
      {"OP,CPY,OY->OC", {{5, 10}, {15, 10, 20}, {5, 20}}},
      // corners
      {" ", {{}}},
      {" -> ", {{}}},
      {" , ", {{}, {}}},
      {" , , ", {{}, {}, {}}},
      {" , -> ", {{}, {}}},
      {" i ", {{1}}},
      {" i -> ", {{1}}},
      {" i -> i ", {{1}}},
      {" i , i ", {{1}, {1}}},
      {" i , i -> i ", {{1}, {1}}},
      {"i", {{0}}},
      {" i j -> j", {{2, 0}}},
      {"ij->i", {{2, 0}}},
      {" i j k  ,  k  -> i j ", {{3, 0, 6}, {6}}},
      {"i,j", {{1}, {2}}},
      {"i,ij->ij", {{2}, {2, 3}}},
      {"...", {{}}},
      {"...->", {{}}},
      {"...->...", {{}}},
      {"...", {{1}}},
      {"...->", {{1}}},
      {"z...->z", {{1}}},
      {"Z...->...Z", {{1}}},
      {"...a->", {{2, 1}}},
      {"a...b->ab", {{2, 2, 1}}},
  };
  return cases;
}

std::span<const char* const> lettered_equations() {
  static constexpr const char* kEquations[] = {
      // scalars and elements
      "a,->a", "ab,->ab", ",ab,->ab", ",,->", ",a,->a", ",,a,->a", "a,ab,abc->abc", "a,b,ab->ab", "a,a,a->a",
      // transformations of every index
      "ea,fb,gc,hd,abcd->efgh", "ea,fb,abcd,gc,hd->efgh", "abcd,ea,fb,gc,hd->efgh",
      // long ones
      "acdf,jbje,gihb,hfac,gfac,gifabc,hfac", "cd,bdhe,aidb,hgca,gc,hgibcd,hgac", "abhe,hidj,jgba,hiab,gab",
      "bde,cdh,agdb,hica,ibd,hgicd,hiac", "chd,bde,agbc,hiad,hgc,hgi,hiad", "chd,bde,agbc,hiad,bdi,cgh,agdb",
      "bdhe,acad,hiab,agac,hibd", "acdf,jbje,gihb,hfac", "hbc,bdef,cdkj,ji,ikeh,lfo",
      "bdef,cdkj,ji,ikeh,hbc,lfo", "ijab,acd,bce,df,ef->ji", "abc,bdef,fghj,cem,mhk,ljk->adgl",
      // inner and outer products
      "ab,ab,c->", "ab,ab,c->c", "ab,ab,cd,cd->", "ab,ab,cd,cd->ac", "ab,ab,cd,cd->cd", "ab,ab,cd,cd,ef,ef->",
      "ab,cd,ef->abcdef", "ab,cd,ef->acdf", "ab,cd,de->abcde", "ab,cd,de->be", "ab,bcd,cd->abcd",
      "ab,bcd,cd->abd", "a,b,c->abc", "a,b,c", "a,bcd,efg->", "a,b,abc->c", "ab,cd,ef,fg", "a,b->", "c,d->",
      "ab,ab", "ab,ba", "abc,abc", "abc,bac", "abc,cba", "ab,bc,de->",
      // hard for the search of an order
      "eb,cb,fb->cef", "dd,fb,be,cdb->cef", "bca,cdb,dbf,afc->", "dcc,fce,ea,dbf->ab", "fdf,cdd,ccd,afe->ae",
      "abcd,ad", "ed,fcd,ff,bcf->be", "baa,dcf,af,cde->be", "bd,db,eac->ace", "fff,fae,bef,def->abd",
      "efc,dbc,acf,fd->abe", "ba,ac,da->bcd", "cab,cdd->ab",
      // chosen at random
      "aab,fa,df,ecc->bde", "ecb,fef,bad,ed->ac", "bcf,bbb,fbf,fc->", "bb,ff,be->e", "bcb,bb,fc,fff->",
      "fbb,dfd,fc,fc->", "afd,ba,cc,dc->bf", "adb,bc,fa,cfc->d", "bbd,bda,fc,db->acf", "dba,ead,cad->bce",
      "aef,fbc,dca->bde",
      // matrix products
      "ab,bc", "ab,cb", "ba,bc", "ba,cb", "abcd,cd", "abcd,ab", "abcd,cdef", "abcd,cdef->feba", "abcd,efdc",
      "aab,bc->ac", "ab,bcc->ac", "aab,bcc->ac", "baa,bcc->ac", "aab,ccb->ac", "ab,bc->ca", "AB,BC->CA",
      "ij,jk->ik", "ijl,jlk->ik", "ij,kj->ik", "ijl,kjl->ik", "ji,jk->ik", "jli,jlk->ik", "ji,kj->ik",
      "jli,kjl->ik", "ij,jk->ki", "ijl,jlk->ki", "ij,kj->ki", "ijl,kjl->ki", "ji,jk->ki", "jli,jlk->ki",
      "ji,kj->ki", "jli,kjl->ki", "ilj,jlk->ik", "ijl,ljk->ik", "ilj,kjl->ik", "ijl,klj->ik", "lji,jlk->ik",
      "jli,ljk->ik", "k,k->", "ijk,ijk->", "ijk,ikj->", "i,j->ij", "ijk,ik->j", "ijj,jk->ik", "ijk,j->ij",
      "ij,ij->ij",
      // chains and others
      "ab,bc,cd,de->ae", "ab,cd,ad,cb", "ab,bc,cd", "ab,bc,cd->", "ab,bc,cd->a", "ab,bc,cd->b", "ab,bc,cd->c",
      "abc,bcd,dea", "abc,def->fedcba", "abc,bcd,df->fa", "ijk,ikj", "ijk,k->ij", "ij,jk,kl", "ij,jk,kl->li",
      "ij,jk,kl->",
      // "..."
      "...a->...", "a...->...", "a...a->...a", "...,...", "a,b", "...a,...b", "...a", "...a->...a",
      "...b,...a->..."};
  return kEquations;
}

std::vector<Shape> shapes_of(const char* equation) {
  constexpr std::string_view kLetters = "abcdefghijklmopqABC";
  constexpr std::int64_t kSizes[] = {2, 3, 4, 5, 4, 3, 2, 6, 5, 4, 3, 2, 5, 7, 4, 3, 2, 3, 4};
  std::string text(equation);
  for (std::size_t at = text.find("..."); at != std::string::npos; at = text.find("..."))
    text.replace(at, 3, "ij");
  std::vector<Shape> shapes(1);
  for (const char c : text.substr(0, text.find("->"))) {
    if (c == ',') {
      shapes.emplace_back();
    } else {
      shapes.back().push_back(kSizes[kLetters.find(c)]);
    }
  }
  return shapes;
}

std::span<const SuiteCase> wrong_cases() {
  static const std::vector<SuiteCase> cases = {
      // NumPy and opt_einsum
      {"", {}},
      {"", {{}, {}}},
      {",", {{}, {1}, {1}}},
      {",", {{1}}},
      {"i", {{}}},
      {"ij", {{2}}},
      {"...i", {{}}},
      {"i...j", {{2}}},
      {"i...", {{}}},
      {"ij...", {{2}}},
      {"i..", {{2}}},
      {".i...", {{2}}},
      {"j->..j", {{2}}},
      {"j->.j...", {{2}}},
      {"i%...", {{2}}},
      {"...j$", {{2}}},
      {"i->&", {{2}}},
      {"i->ij", {{2}}},
      {"ij->jij", {{2, 2}}},
      {"ii", {{2, 3}}},
      {"ii->i", {{2, 3}}},
      {"i", {{2, 3}}},
      {"aabcb,abc", {{3, 3, 4, 5, 6}, {3, 4, 5}}},
      {"->,->", {{}, {}}},
      {"&,a->", {{}, {}}},
      {"a,a->&", {{}, {}}},
      {"ab,bc->ac", {{2, 3}, {3, 4}, {42, 42}}},
      {"ab,bc->ac", {{2, 3}}},
      {"ab,bc->ac", {{2, 3, 4}, {3, 4}}},
      {"ab,bc->ac", {{2, 4}, {3, 4, 5}}},
      // PyTorch
      {". ..", {{2}}},
      {"... ...", {{2}}},
      {"1", {{2}}},
      {",", {{2}}},
      {"", {{2}, {2}}},
      {"", {{2}}},
      {"ai", {{2}}},
      {"ai...", {{2}}},
      {"a->... .", {{2}}},
      {"a->..", {{2}}},
      {"a->1", {{2}}},
      {"a->aa", {{2}}},
      {"a->i", {{2}}},
      {"aa", {{2, 3}}},
      {"a, ba", {{2}, {2, 3}}},
  };
  return cases;
}

}  // namespace tenon::test
